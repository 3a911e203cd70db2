import { createHash } from 'node:crypto'
import { describeError, type Logger } from '@countersign/service-kit'
import type { RedisConnection } from '@countersign/service-kit/redis'
import type { AttemptCount, AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { createInProcessAttemptCounters } from '../in-process/attempt-counters.ts'

/** Reads all keys before it writes, so that a rejected write leaves nothing half done. */
const chargeScript = script(`
local reached = {}
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') >= tonumber(ARGV[3 * i - 2]) then
    reached[#reached + 1] = i
    reached[#reached + 1] = redis.call('PTTL', key)
  end
end
if #reached > 0 then return reached end
for i, key in ipairs(KEYS) do
  if ARGV[3 * i] == '1' and redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[3 * i - 1]) end
end
return reached`)

const settleScript = script(`
for i, key in ipairs(KEYS) do
  local change = ARGV[2 * i - 1]
  if change == 'forget' then redis.call('DEL', key)
  elseif change == 'count' then
    if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[2 * i]) end
  elseif tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end`)

const warningIntervalMs = 10_000

export interface RedisAttemptCountersDeps {
  readonly redis: RedisConnection
  readonly logger: Logger
}

/**
 * Counts in Redis, for all replicas; while Redis is unavailable or rejects writes, in this process, so that guessing stays
 * limited.
 */
export function createRedisAttemptCounters({ redis, logger }: RedisAttemptCountersDeps): AttemptCounters {
  const inProcess = createInProcessAttemptCounters()
  let warnedAt = Number.NEGATIVE_INFINITY
  return {
    async charge(counts, watched = []) {
      const all = [...counts, ...watched]
      const args = all.flatMap(({ limit, windowSeconds }, at) => [
        String(limit),
        String(windowSeconds * 1000),
        at < counts.length ? '1' : '0'
      ])
      return orInProcess(
        async () => readReached(all, (await run(chargeScript, all, args)) as number[]),
        () => inProcess.charge(counts, watched)
      )
    },
    async settle(settlement) {
      const changes = (['refunded', 'forgotten', 'counted'] as const).flatMap((change) =>
        (settlement[change] ?? []).map((count) => ({ change, count }))
      )
      if (changes.length === 0) return
      const words = { refunded: 'refund', forgotten: 'forget', counted: 'count' }
      const args = changes.flatMap(({ change, count }) => [words[change], String(count.windowSeconds * 1000)])
      const counts = changes.map(({ count }) => count)
      // The one of the two that has counted the attempt.
      await inProcess.settle({ ...settlement, counted: [] })
      await orInProcess(
        async () => void (await run(settleScript, counts, args)),
        () => inProcess.settle({ counted: settlement.counted ?? [] })
      )
    }
  }

  async function run({ text, sha1 }: Script, counts: readonly AttemptCount[], args: string[]): Promise<unknown> {
    const options = { keys: counts.map(({ name, key }) => `{countersign}:attempts:${name}:${key}`), arguments: args }
    try {
      return await redis.evalSha(sha1, options)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return redis.eval(text, options)
    }
  }

  async function orInProcess<T>(work: () => Promise<T>, substitute: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      warn(error)
      return substitute()
    }
  }

  function warn(error: unknown): void {
    if (performance.now() - warnedAt < warningIntervalMs) return
    warnedAt = performance.now()
    logger.warn({ cause: describeError(error) }, 'Redis cannot count: this process counts sign-in attempts itself')
  }
}

/** The script returns pairs: a key's position, counted from 1, and its remaining time. */
function readReached(counts: readonly AttemptCount[], pairs: readonly number[]) {
  return counts.flatMap((count, index) => {
    const at = pairs.findIndex((value, place) => place % 2 === 0 && value === index + 1)
    return at < 0 ? [] : [{ count, waitMs: Math.max(1, pairs[at + 1] as number) }]
  })
}

interface Script {
  readonly text: string
  readonly sha1: string
}

function script(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}
