import type { OutboxEntry } from './revocation-outbox.ts'

/** What a change has ended. */
export interface CommittedEnd {
  /** The committed denylist entries. */
  readonly entries: readonly OutboxEntry[]
  /** There are more sessions than end in one transaction: the end of the others is committed under this id, and {@link Announcer.endRest} revokes them. */
  readonly endingId?: bigint | undefined
}

/** What became of the sessions that had to end. */
export interface EndedAll {
  readonly ended: number
  /** Whether the transport has confirmed their denylist entries. */
  readonly published: boolean
  /** Whether these were all. */
  readonly isComplete: boolean
}

/** Publishes denylist entries that are committed. */
export interface Announcer {
  /** @returns whether the transport has confirmed them, as it has when there are none; what it has not is published later */
  announce(entries: readonly OutboxEntry[]): Promise<boolean>
  /** Ends and announces the sessions of a group that did not fit into the transaction of the change. */
  endRest(endingId: bigint): Promise<EndedAll>
}

/** The outcome of a change once its denylist entries were announced. */
export type Announced<Outcome> = Outcome extends { readonly entries: readonly OutboxEntry[] }
  ? Omit<Outcome, 'entries' | 'endingId'> & {
      readonly published: boolean
      /** Whether all sessions have ended that the change ends. What has not is neither refreshed nor listed, and ends soon. */
      readonly isComplete: boolean
    }
  : Outcome

/** A store whose changes announce the denylist entries that they commit. */
export type Announcing<Store> = {
  readonly [Name in keyof Store]: Store[Name] extends (...args: infer Args) => Promise<infer Outcome>
    ? (...args: Args) => Promise<Announced<Outcome>>
    : Store[Name]
}

/**
 * Makes every method of a store announce the denylist entries that it commits, before it returns, and end the sessions that it has left
 * over. What ends a session, a client or a key is called through this alone, so that nobody who calls it can forget.
 */
export function announcing<Store extends object>(store: Store, announcer: Announcer): Announcing<Store> {
  const methods = Object.entries(store).map(([name, method]) => {
    const withAnnouncement = async (...args: unknown[]) => announce(await method(...args), announcer)
    return [name, withAnnouncement]
  })
  return Object.fromEntries(methods) as Announcing<Store>
}

async function announce(outcome: unknown, announcer: Announcer): Promise<unknown> {
  if (!hasEntries(outcome)) return outcome
  const { entries, endingId, ...own } = outcome
  const published = await announcer.announce(entries)
  if (endingId === undefined) return { ...own, published, isComplete: true }
  const rest = await announcer.endRest(endingId)
  return {
    ...own,
    ended: (own.ended ?? 0) + rest.ended,
    published: published && rest.published,
    isComplete: rest.isComplete
  }
}

function hasEntries(outcome: unknown): outcome is CommittedEnd & { readonly ended?: number } {
  // Its own: a list has a method of that name.
  return typeof outcome === 'object' && outcome !== null && Object.hasOwn(outcome, 'entries')
}
