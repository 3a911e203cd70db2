import { describeError, type Logger } from '@countersign/service-kit'
import type { RedisConnection } from '@countersign/service-kit/redis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { AttemptCounter } from '../accounts/sign-in-limits.ts'

export interface AttemptCounterOptions {
  /** Tells this counter's keys from the others'. */
  name: string
  /** Attempts that pass within a window. */
  limit: number
  windowSeconds: number
  /** Where counts are shared by all replicas; without it they are kept in this process. */
  redis: RedisConnection | undefined
  logger: Logger
}

/** Counts in Redis; while that is away, in this process, so that guessing stays limited. */
export function createAttemptCounter({
  name,
  limit,
  windowSeconds,
  redis,
  logger
}: AttemptCounterOptions): AttemptCounter {
  const common = { keyPrefix: `{countersign}:attempts:${name}`, points: limit, duration: windowSeconds }
  const inProcess = new RateLimiterMemory(common)
  const limiter = redis
    ? new RateLimiterRedis({
        ...common,
        storeClient: redis,
        useRedisPackage: true,
        rejectIfRedisNotReady: true,
        insuranceLimiter: inProcess
      })
    : inProcess
  return {
    async consume(key) {
      try {
        await limiter.consume(key)
        return 0
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return Math.max(1, refusal.msBeforeNext)
        throw refusal
      }
    },
    refund: (key) => settle(limiter.reward(key)),
    reset: (key) => settle(limiter.delete(key))
  }

  async function settle(work: Promise<unknown>): Promise<void> {
    try {
      await work
    } catch (error) {
      logger.warn({ cause: describeError(error) }, 'an attempt could not be taken back')
    }
  }
}
