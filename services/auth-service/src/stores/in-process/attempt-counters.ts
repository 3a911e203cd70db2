import { LRUCache } from 'lru-cache'
import type { AttemptCount, AttemptCounters, AttemptSettlement } from '../../sign-in/attempt-counters.ts'

/** Beyond this many, the least recently used one is dropped: memory stays bounded however many keys there are. */
const maxEntries = 100_000

interface Entry {
  count: number
  readonly endsAt: number
}

/** Counts in this process: for the embedded stack, and while Redis accepts no counts. */
export function createInProcessAttemptCounters(now: () => number = () => performance.now()): AttemptCounters {
  const entries = new LRUCache<string, Entry>({ max: maxEntries })
  return {
    async charge(counts, watched = []) {
      const reached = [...counts, ...watched]
        .filter((count) => (find(count)?.count ?? 0) >= count.limit)
        .map((count) => ({ count, waitMs: Math.max(1, (find(count)?.endsAt ?? 0) - now()) }))
      if (reached.length === 0) for (const count of counts) increment(count)
      return reached
    },
    async settle({ refunded = [], forgotten = [], counted = [] }: AttemptSettlement) {
      for (const count of refunded) {
        const entry = find(count)
        if (entry && entry.count > 0) entry.count--
      }
      for (const count of forgotten) entries.delete(keyOf(count))
      for (const count of counted) increment(count)
    }
  }

  function find(count: AttemptCount): Entry | undefined {
    const entry = entries.get(keyOf(count))
    return entry && entry.endsAt > now() ? entry : undefined
  }

  function increment(count: AttemptCount): void {
    const entry = find(count)
    if (entry) {
      entry.count++
      return
    }
    entries.set(keyOf(count), { count: 1, endsAt: now() + count.windowSeconds * 1000 })
  }
}

function keyOf({ name, key }: AttemptCount): string {
  return `${name}:${key}`
}
