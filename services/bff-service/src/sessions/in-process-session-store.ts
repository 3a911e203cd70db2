import { LRUCache } from 'lru-cache'
import type { SessionStore, StoredSession } from './session-store.ts'

const capacity = 100_000

interface Entry {
  readonly session: StoredSession
  /** The replica that is renewing. */
  readonly holder?: string
}

/** Keeps sessions in this process, for the embedded stack; beyond 100,000, the least recently used one ends. */
export function createInProcessSessionStore(): SessionStore {
  const entries = new LRUCache<string, Entry>({ max: capacity, ttl: 1, ttlResolution: 0 })
  const keep = (key: string, entry: Entry, ttlSeconds: number) => entries.set(key, entry, { ttl: ttlSeconds * 1000 })
  return {
    async create(key, session, ttlSeconds) {
      keep(key, { session }, ttlSeconds)
    },
    async use(key, ttlSeconds) {
      const entry = entries.get(key)
      if (entry) keep(key, entry, ttlSeconds)
      return entry?.session
    },
    async claim(key, { version, holder, takesOver }, ttlSeconds) {
      const entry = entries.get(key)
      if (!entry) return undefined
      const { session } = entry
      if (session.version !== version) return { session, isElsewhere: false }
      if (entry.holder !== undefined && entry.holder !== holder && !takesOver) return { session, isElsewhere: true }
      keep(key, { session, holder }, ttlSeconds)
      return { session, isElsewhere: false }
    },
    async release(key) {
      const entry = entries.get(key)
      if (entry) entries.set(key, { session: entry.session }, { ttl: entries.getRemainingTTL(key) })
    },
    async replace(key, version, successor, ttlSeconds) {
      if (entries.get(key)?.session.version !== version) return false
      keep(key, { session: successor }, ttlSeconds)
      return true
    },
    async remove(key) {
      entries.delete(key)
    },
    check: async () => true
  }
}
