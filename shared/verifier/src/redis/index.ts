/**
 * Carries the denylist, and the memory of used DPoP proofs, over Redis or Valkey.
 *
 * @packageDocumentation
 */
export { isFromFormerPrimary, NotPrimaryError, requirePrimary } from './primary.ts'
export { dpopProofKey, redisDpopReplays } from './redis-dpop-replays.ts'
export {
  createRedisLink,
  type RedisClient,
  type RedisLink,
  type RedisLinkOptions,
  type RedisSession,
  type RedisSubscription
} from './redis-link.ts'
export { createRedisRevocationFeed, type RedisRevocationsOptions, redisRevocations } from './redis-revocations.ts'
export { isEpochOfRun, revocationKeys } from './revocation-keys.ts'
