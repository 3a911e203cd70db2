import { LRUCache } from 'lru-cache'
import type { ClientStore, ConfirmedClient } from './client-store.ts'

export interface ClientCacheDeps {
  store: ClientStore
  /** How long a client is cached, from 0 (never) to {@link maxCachedSeconds}. */
  seconds: number
  /** Milliseconds of a monotonic clock. */
  monotonic?: () => number
}

/**
 * The longest that a client may be cached, in seconds. A token that a cached client gets carries its former credential id: the
 * denylist entry of that id outlives it, since it lives this much longer than the longest token.
 */
export const maxCachedSeconds = 60

/** Beyond this many, the least recently used one is dropped. */
const maxClients = 10_000

/**
 * Clients as the database confirmed them a moment ago, so that one that gets many tokens does not cost a query for each. The
 * cache only ever accepts: a client that it would reject is looked up in the database.
 */
export interface ClientCache extends ClientStore {
  /** The client as it was, with the present time by the database's clock. Without a query. */
  getCached(id: string): ConfirmedClient | undefined
  /** The denylist names this: the credential id of a client, or a signing key. */
  forget(value: string): void
  /** Whether the denylist is followed right now: while it is not, no client is cached. */
  setFollowing(isFollowing: boolean): void
}

interface Entry {
  readonly client: ConfirmedClient
  readonly at: number
}

export function createClientCache(deps: ClientCacheDeps): ClientCache {
  const { store, seconds, monotonic = () => performance.now() } = deps
  const entries = new LRUCache<string, Entry>({
    max: maxClients,
    ttl: seconds * 1000,
    ttlResolution: 0,
    perf: { now: monotonic },
    dispose: ({ client }) => forgetNames(client)
  })
  /** A client that is dropped while it is being read must not be cached right after. */
  const reads = new Set<Set<string>>()
  /** Which clients were confirmed with this credential id, or signing key. */
  const idsOf = new Map<string, Set<string>>()
  let isFollowing = false

  return {
    getCached(id) {
      const entry = entries.get(id)
      if (!entry) return undefined
      const age = (monotonic() - entry.at) / 1000
      return { ...entry.client, issuedAt: Math.floor(entry.client.issuedAt + age), isCached: true }
    },
    async findEnabled(id) {
      const forgotten = new Set<string>()
      reads.add(forgotten)
      try {
        const client = await store.findEnabled(id)
        if (client && !namesOf(client).some((name) => forgotten.has(name))) cache(client)
        return client
      } finally {
        reads.delete(forgotten)
      }
    },
    forget(value) {
      for (const forgotten of reads) forgotten.add(value)
      for (const id of idsOf.get(value) ?? []) entries.delete(id)
    },
    setFollowing(now) {
      isFollowing = now
      if (!now) entries.clear()
    }
  }

  function cache(client: ConfirmedClient): void {
    entries.delete(client.id)
    if (!isFollowing || seconds === 0) return
    entries.set(client.id, { client, at: monotonic() })
    for (const name of namesOf(client)) idsOf.set(name, (idsOf.get(name) ?? new Set()).add(client.id))
  }

  function forgetNames(client: ConfirmedClient): void {
    for (const name of namesOf(client)) {
      const ids = idsOf.get(name)
      ids?.delete(client.id)
      if (ids?.size === 0) idsOf.delete(name)
    }
  }
}

/** The values of denylist entries that match its tokens. */
function namesOf({ credentialId, signingKid }: ConfirmedClient): [string, string] {
  return [credentialId, signingKid]
}
