import type { ClientStore, ConfirmedClient } from './client-store.ts'

export interface RememberedClientsDeps {
  store: ClientStore
  /** How long a client is remembered, from 0 (never) to {@link maxRememberedSeconds}. */
  seconds: number
  /** Milliseconds by a clock that only goes forward. */
  monotonic?: () => number
}

/**
 * The longest that a client may be remembered, in seconds. A token that a memory allows carries the client's epoch as it
 * was: the denylist entry of that epoch outlives it, since it lives this much longer than the longest token.
 */
export const maxRememberedSeconds = 60

/** Past this many the one that was remembered first is forgotten. */
const maxClients = 10_000

/**
 * Clients as the database confirmed them a moment ago, so that one that gets many tokens does not cost a query for each. A
 * memory only ever says yes: whoever it would refuse is judged anew by the database.
 */
export interface RememberedClients extends ClientStore {
  /** The client as it was, with the moment that it is now by the database's clock. Asks nobody. */
  recall(id: string): ConfirmedClient | undefined
  /** The denylist names this: the epoch of a client, or a signing key. */
  forget(value: string): void
  /** Whether the denylist is followed right now: while it is not, nobody is remembered. */
  setFollowing(isFollowing: boolean): void
}

interface Memory {
  readonly client: ConfirmedClient
  readonly at: number
}

export function createRememberedClients(deps: RememberedClientsDeps): RememberedClients {
  const { store, seconds, monotonic = () => performance.now() } = deps
  const memories = new Map<string, Memory>()
  /** What is forgotten while a client is being read must not be remembered right after. */
  const reads = new Set<Set<string>>()
  /** Which clients were confirmed with this epoch, or signing key. */
  const idsOf = new Map<string, Set<string>>()
  let isFollowing = false

  return {
    recall(id) {
      const memory = memories.get(id)
      if (!memory) return undefined
      const age = (monotonic() - memory.at) / 1000
      if (age > seconds) {
        drop(memory)
        return undefined
      }
      return { ...memory.client, issuedAt: Math.floor(memory.client.issuedAt + age), isRecalled: true }
    },
    async findEnabled(id) {
      const forgotten = new Set<string>()
      reads.add(forgotten)
      try {
        const client = await store.findEnabled(id)
        if (client && !namesOf(client).some((name) => forgotten.has(name))) remember(client)
        return client
      } finally {
        reads.delete(forgotten)
      }
    },
    forget(value) {
      for (const forgotten of reads) forgotten.add(value)
      for (const id of idsOf.get(value) ?? []) drop(memories.get(id))
    },
    setFollowing(now) {
      isFollowing = now
      if (now) return
      memories.clear()
      idsOf.clear()
    }
  }

  function remember(client: ConfirmedClient): void {
    drop(memories.get(client.id))
    if (!isFollowing || seconds === 0) return
    if (memories.size >= maxClients) drop(memories.values().next().value)
    memories.set(client.id, { client, at: monotonic() })
    for (const name of namesOf(client)) idsOf.set(name, (idsOf.get(name) ?? new Set()).add(client.id))
  }

  function drop(memory: Memory | undefined): void {
    if (!memory) return
    const { client } = memory
    memories.delete(client.id)
    for (const name of namesOf(client)) {
      const ids = idsOf.get(name)
      ids?.delete(client.id)
      if (ids?.size === 0) idsOf.delete(name)
    }
  }
}

/** What its tokens can be denied by. */
function namesOf({ epoch, signingKid }: ConfirmedClient): [string, string] {
  return [epoch, signingKid]
}
