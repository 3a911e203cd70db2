import { ConfigurationError, type Logger } from '@countersign/service-kit'
import { openRedisConnection } from '@countersign/service-kit/redis'
import type { RevocationFeed } from '@countersign/verifier'
import { type InProcessRevocationLog, inProcessRevocations } from '@countersign/verifier/in-process'
import { createRedisRevocationFeed } from '@countersign/verifier/redis'
import type { Config } from './config.ts'
import type { RevocationPublisher } from './revocation/revocation-publisher.ts'
import type { AttemptCounters } from './sign-in/attempt-counters.ts'
import { createInProcessAttemptCounters } from './stores/in-process/attempt-counters.ts'
import { createInProcessReplayCache } from './stores/in-process/replay-cache.ts'
import { createInProcessRevocationPublisher } from './stores/in-process/revocation-publisher.ts'
import { createRedisAttemptCounters } from './stores/redis/attempt-counters.ts'
import { createRedisReplayCache } from './stores/redis/replay-cache.ts'
import { createRedisRevocationPublisher } from './stores/redis/revocation-publisher.ts'
import type { ReplayCache } from './tokens/replay-cache.ts'

/** What this service shares with its replicas and with the verifiers, but for the database. */
export interface Infrastructure {
  /** Carries revocations to the verifiers. */
  readonly publisher: RevocationPublisher
  /** Brings them to this service's own verifier. */
  readonly feed: RevocationFeed
  readonly replayCache: ReplayCache
  readonly counters: AttemptCounters
  close(): Promise<void>
}

/**
 * Redis, which replicas share.
 * @throws {ConfigurationError} without `REDIS_URL`
 */
export function openRedisInfrastructure(config: Pick<Config, 'redisUrl'>, logger: Logger): Infrastructure {
  if (!config.redisUrl) throw new ConfigurationError(['REDIS_URL is required: a URL such as redis://host:6379.'])
  const url = config.redisUrl.reveal()
  const redis = openRedisConnection(url, logger)
  const publisher = createRedisRevocationPublisher({ url })
  return {
    publisher,
    feed: createRedisRevocationFeed({ url }),
    replayCache: createRedisReplayCache(redis),
    counters: createRedisAttemptCounters({ redis, logger }),
    async close() {
      try {
        await publisher.close()
      } finally {
        redis.destroy()
      }
    }
  }
}

/**
 * This process, for the embedded stack, which is one replica.
 * @param revocationLog carries revocations to the services of the same process
 */
export function createInProcessInfrastructure(revocationLog: InProcessRevocationLog): Infrastructure {
  const publisher = createInProcessRevocationPublisher(revocationLog)
  return {
    publisher,
    feed: inProcessRevocations(revocationLog).feed,
    replayCache: createInProcessReplayCache(),
    counters: createInProcessAttemptCounters(),
    close: () => publisher.close()
  }
}
