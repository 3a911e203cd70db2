/**
 * Carries the denylist, and the replay cache of DPoP proofs, over Redis or Valkey.
 *
 * @packageDocumentation
 */

export { dpopProofKey, redisDpopReplays } from './dpop-replays.ts'
export {
  createRedisLink,
  type RedisClient,
  type RedisLink,
  type RedisLinkOptions,
  type RedisSession,
  type RedisSubscription
} from './link.ts'
export { isFromFormerPrimary, NotPrimaryError, requirePrimary } from './primary.ts'
export { isEpochOfRun, revocationKeys } from './revocation-keys.ts'
export { createRedisRevocationFeed, type RedisRevocationsOptions, redisRevocations } from './revocations.ts'
