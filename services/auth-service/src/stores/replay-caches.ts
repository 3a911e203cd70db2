import { createHash } from 'node:crypto'
import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { RedisConnection } from '@countersign/service-kit/redis'
import type { ReplayCache } from '../tokens/replay-cache.ts'

/** Past this many the in-process store is full: it refuses rather than forget one that is good still. */
const maxEntries = 100_000

/** Remembers in Redis, under keys of a fixed size that expire by themselves. */
export function createRedisReplayCache(redis: RedisConnection): ReplayCache {
  return {
    async markUsed(kind, id, expiresAt) {
      const digest = createHash('sha256').update(`${kind}\0${id}`).digest('base64url')
      const lifeMs = Math.max(1000, expiresAt * 1000 - Date.now())
      try {
        const options = { expiration: { type: 'PX', value: Math.ceil(lifeMs) }, condition: 'NX' } as const
        const answer = await redis.set(`{countersign}:used:${digest}`, '1', options)
        return answer === 'OK'
      } catch (cause) {
        throw new TemporarilyUnavailableError({ detail: 'it cannot be known whether a proof was used before', cause })
      }
    }
  }
}

/** Remembers in this process, for the embedded stack; one kind never takes the other's place. */
export function createInProcessReplayCache(): ReplayCache {
  const usedOf = { client_assertion: new Map<string, number>(), dpop_proof: new Map<string, number>() }
  return {
    async markUsed(kind, id, expiresAt) {
      const now = Date.now() / 1000
      const used = usedOf[kind]
      if ((used.get(id) ?? 0) > now) return false
      if (used.size >= maxEntries) for (const [other, end] of used) if (end <= now) used.delete(other)
      if (used.size >= maxEntries) throw new TemporarilyUnavailableError({ detail: 'too many proofs are remembered' })
      used.set(id, expiresAt)
      return true
    }
  }
}
