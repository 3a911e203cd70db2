import { ConfigurationError, type Logger, type Secret } from '@countersign/service-kit'
import { openRedisConnection, type RedisConnection } from '@countersign/service-kit/redis'
import { createInProcessSessionStore } from './in-process-session-store.ts'
import { createRedisSessionStore } from './redis-session-store.ts'
import type { SessionStore } from './session-store.ts'

/**
 * @param inProcess whether sessions live in this process, and end with it; otherwise they are in Redis, which replicas share
 * @throws {ConfigurationError} without `REDIS_URL`, where it is needed
 */
export function openSessionStore(
  { redisUrl }: { redisUrl?: Secret | undefined },
  logger: Logger,
  inProcess: boolean
): { store: SessionStore; redis?: RedisConnection } {
  if (inProcess) return { store: createInProcessSessionStore() }
  if (!redisUrl) throw new ConfigurationError(['REDIS_URL is required: a URL such as redis://host:6379.'])
  const redis = openRedisConnection(redisUrl.reveal(), logger)
  return { store: createRedisSessionStore(redis), redis }
}
