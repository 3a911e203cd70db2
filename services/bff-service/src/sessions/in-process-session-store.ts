import { LRUCache } from 'lru-cache'
import type { SessionStore, StoredSession } from './session-store.ts'

const capacity = 100_000

/** Keeps sessions in this process, for the embedded stack; past 100,000 of them the one that was unused longest ends. */
export function createInProcessSessionStore(): SessionStore {
  const sessions = new LRUCache<string, StoredSession>({ max: capacity, ttl: 1, ttlResolution: 0 })
  const keep = (key: string, session: StoredSession, ttlSeconds: number) =>
    sessions.set(key, session, { ttl: ttlSeconds * 1000 })
  return {
    async create(key, session, ttlSeconds) {
      keep(key, session, ttlSeconds)
    },
    async use(key, ttlSeconds) {
      const session = sessions.get(key)
      if (session) keep(key, session, ttlSeconds)
      return session
    },
    async replace(key, version, successor, ttlSeconds) {
      if (sessions.get(key)?.version !== version) return false
      keep(key, successor, ttlSeconds)
      return true
    },
    async remove(key) {
      sessions.delete(key)
    },
    check: async () => true
  }
}
