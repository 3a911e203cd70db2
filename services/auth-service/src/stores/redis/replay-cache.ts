import { createHash } from 'node:crypto'
import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { RedisConnection } from '@countersign/service-kit/redis'
import type { ReplayCache } from '../../tokens/replay-cache.ts'

/** A replay cache in Redis, under keys of a fixed size that expire by themselves. */
export function createRedisReplayCache(redis: RedisConnection): ReplayCache {
  return {
    async markUsed(kind, id, expiresAt) {
      const digest = createHash('sha256').update(`${kind}\0${id}`).digest('base64url')
      const lifetimeMs = Math.max(1000, expiresAt * 1000 - Date.now())
      try {
        const options = { expiration: { type: 'PX', value: Math.ceil(lifetimeMs) }, condition: 'NX' } as const
        const response = await redis.set(`{countersign}:used:${digest}`, '1', options)
        return response === 'OK'
      } catch (cause) {
        throw new TemporarilyUnavailableError({ detail: 'it cannot be known whether a proof was used before', cause })
      }
    }
  }
}
