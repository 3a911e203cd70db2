import type { RevocationKind } from '../access-token-profile.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { RevocationEntry } from '../revocation/feed.ts'

/** What a log calls its followers with. */
export interface LogFollower {
  /** These were published. */
  onAppend(entries: readonly RevocationEntry[]): void
  /** The log is complete from now on, and is to be read from its beginning. */
  onComplete(): void
  /** The log was flushed. */
  onFlush(): void
}

/** The in-process twin of the stream and its epoch in Redis. */
export interface InProcessRevocationLog {
  /** Publishes entries. */
  append(entries: readonly RevocationEntry[]): void
  /** Whether the log is known to hold everything that was published. It begins as incomplete. */
  readonly isComplete: boolean
  /** How often the log was flushed. */
  readonly flushes: number
  /** Declares the log complete. */
  complete(): void
  /** Drops everything, as a flushed Redis does. */
  flush(): void
  /** Whether this is on the denylist. */
  has(kind: RevocationKind, value: string): boolean
  /** All that have not expired. */
  liveEntries(): RevocationEntry[]
  /** Returns how to stop. */
  follow(follower: LogFollower): () => void
}

/** Makes an empty log that is not complete yet. */
export function createInProcessRevocationLog({ clock = systemClock }: { clock?: Clock } = {}): InProcessRevocationLog {
  const entries = new Map<string, RevocationEntry>()
  const followers = new Set<LogFollower>()
  let isComplete = false
  let flushes = 0
  let pruneAt = 1000

  const isAlive = ({ expiresAt }: RevocationEntry) => expiresAt * 1000 > clock.now()
  /** Each time the log has doubled: the cost for each entry stays constant. */
  const prune = () => {
    if (entries.size < pruneAt) return
    for (const [name, entry] of entries) if (!isAlive(entry)) entries.delete(name)
    pruneAt = Math.max(1000, entries.size * 2)
  }

  return {
    get isComplete() {
      return isComplete
    },
    get flushes() {
      return flushes
    },
    append(appended) {
      for (const { kind, value, expiresAt } of appended) {
        const known = entries.get(`${kind}:${value}`)?.expiresAt ?? 0
        entries.set(`${kind}:${value}`, { kind, value, expiresAt: Math.max(known, expiresAt) })
      }
      prune()
      for (const follower of followers) follower.onAppend(appended)
    },
    complete() {
      isComplete = true
      for (const follower of followers) follower.onComplete()
    },
    flush() {
      entries.clear()
      isComplete = false
      flushes++
      for (const follower of followers) follower.onFlush()
    },
    has(kind, value) {
      const entry = entries.get(`${kind}:${value}`)
      return entry !== undefined && isAlive(entry)
    },
    liveEntries: () => [...entries.values()].filter(isAlive),
    follow(follower) {
      followers.add(follower)
      return () => void followers.delete(follower)
    }
  }
}
