/** Carries the denylist over Redis or Valkey. The wire format is in docs/revocation-feed.md. */
export {
  createRedisLink,
  type RedisClient,
  type RedisLink,
  type RedisLinkOptions,
  type RedisSession
} from './redis-link.ts'
export { createRedisRevocationFeed, type RedisRevocationsOptions, redisRevocations } from './redis-revocations.ts'
export { isEpochOfRun, revocationKeys } from './revocation-keys.ts'
