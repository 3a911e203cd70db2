import { createTestClock } from '@countersign/verifier/testing'
import { describe, expect, it, vi } from 'vitest'
import { createBacklog } from '../../../src/redis/backlog.ts'
import { followRevocations } from '../../../src/redis/follow-revocations.ts'
import type { RedisClient, RedisLink } from '../../../src/redis/link.ts'

const runId = 'a'.repeat(40)

/** A Redis that replies out of variables, and a follower that a test stops. */
const setUp = () => {
  const clock = createTestClock()
  const closing = new AbortController()
  const redis = {
    epoch: `1.${runId}` as string | null,
    outboxDrained: '1' as string | null,
    lastGeneratedId: '0-0',
    role: 'master',
    /** `undefined` when Redis refuses the subscription. */
    subscribedAt: (performance.now() - 10_000) as number | undefined,
    /** Called for each read; what it throws, the read throws. */
    onRead: (_count: number): void => {}
  }
  let reads = 0
  const client = {
    xRead: async () => {
      redis.onRead(++reads)
      return null
    },
    mGet: async () => [redis.epoch, redis.outboxDrained],
    info: async () => `role:${redis.role}`,
    xInfoStream: async () => ({ 'last-generated-id': redis.lastGeneratedId })
  }
  const link: RedisLink = {
    run: (_, work) => {
      const { subscribedAt } = redis
      return work({ client: client as unknown as RedisClient, runId, serverNow: () => 1_000_000, subscribedAt })
    },
    close: async () => {}
  }
  const sink = { add: vi.fn(), setCurrent: vi.fn(), setInterrupted: vi.fn() }
  const backlog = createBacklog()
  const follow = () => followRevocations({ link, backlog, sink, clock, signal: closing.signal })
  return { clock, closing, redis, sink, backlog, follow }
}

describe('following the feed in Redis', () => {
  it('is current as of the time of the command, not of the reply', async () => {
    const { clock, closing, redis, sink, follow } = setUp()
    const askedAt = clock.monotonic()
    redis.onRead = (count) => {
      clock.advance(250)
      if (count === 2) closing.abort()
    }
    await follow()
    expect(sink.setCurrent.mock.calls).toEqual([[askedAt], [askedAt + 250]])
  })

  it('is never current by an epoch that is absent or of another server process', async () => {
    for (const epoch of [null, '', '1.b', `1.${runId.slice(1)}`, `1${runId}`]) {
      const { closing, redis, sink, follow } = setUp()
      redis.epoch = epoch
      redis.onRead = (count) => {
        if (count === 3) closing.abort()
      }
      await follow()
      expect(sink.setCurrent, String(epoch)).not.toHaveBeenCalled()
      expect(sink.setInterrupted).toHaveBeenCalledWith('the feed in Redis is not complete')
    }
  })

  it('is not current after more than two seconds without a reply, nor at first, until an issuer confirms', async () => {
    const { clock, closing, redis, sink, follow } = setUp()
    redis.outboxDrained = null
    redis.onRead = (count) => {
      if (count === 3 || count === 8) redis.outboxDrained = '1'
      if (count === 4) redis.outboxDrained = null
      if (count === 5) clock.advance(2000)
      if (count === 6) clock.advance(2001)
      if (count === 8) closing.abort()
    }
    const calls: string[] = []
    sink.setCurrent.mockImplementation(() => calls.push('current'))
    sink.setInterrupted.mockImplementation((reason) => calls.push(reason))
    await follow()
    const waits = 'no issuer confirms that everything is published'
    expect(calls).toEqual([waits, waits, 'current', 'current', 'current', 'current', waits, 'current'])
  })

  it('is interrupted by each fault, tries again after a while, and ends when it is closed', async () => {
    vi.useFakeTimers()
    const { closing, redis, sink, follow } = setUp()
    const times: number[] = []
    redis.onRead = (count) => {
      times.push(performance.now())
      if (count === 30) closing.abort()
      throw new Error('connection refused')
    }
    const following = follow()
    await vi.advanceTimersByTimeAsync(30_000)
    await following
    vi.useRealTimers()
    expect(times).toHaveLength(30)
    const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(24)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(500)
    expect(sink.setInterrupted).toHaveBeenCalledWith('connection refused')
    expect(sink.setInterrupted).toHaveBeenCalledTimes(29)
  })

  it('is interrupted by the report of a backlog until a newer confirmation comes', async () => {
    const { closing, redis, sink, backlog, follow } = setUp()
    const states: string[] = []
    sink.setCurrent.mockImplementation(() => states.push('current'))
    sink.setInterrupted.mockImplementation((reason) => states.push(reason))
    redis.outboxDrained = '1'
    redis.onRead = (count) => {
      if (count === 2) backlog.report()
      if (count === 4) redis.outboxDrained = null
      if (count === 5) redis.outboxDrained = '2'
      if (count === 6) closing.abort()
    }
    await follow()
    const blocked = 'an issuer has revocations that it cannot publish'
    expect(states).toEqual(['current', blocked, blocked, blocked, 'current', 'current'])
  })

  it('is current only as of the last confirmation while it is not subscribed for long, and not at all without one', async () => {
    for (const subscribedAt of [undefined, performance.now()]) {
      const { clock, closing, redis, sink, follow } = setUp()
      const begin = clock.monotonic()
      redis.subscribedAt = subscribedAt
      redis.outboxDrained = String(1_000_000 - 700)
      redis.onRead = (count) => {
        if (count === 2) closing.abort()
      }
      await follow()
      expect(sink.setCurrent.mock.calls).toEqual([[begin - 700], [begin - 700]])
    }
    const { clock, closing, redis, sink, follow } = setUp()
    redis.subscribedAt = undefined
    redis.onRead = (count) => {
      redis.outboxDrained = null
      if (count === 1) redis.outboxDrained = '1'
      if (count === 2) clock.advance(2001)
      if (count === 3) closing.abort()
    }
    await follow()
    expect(sink.setInterrupted).toHaveBeenCalledWith(
      'no issuer confirms that everything is published; this Redis user may not subscribe to {countersign}:unpublished'
    )
  })

  it('is interrupted by a server that has become a replica', async () => {
    const { closing, redis, sink, follow } = setUp()
    redis.onRead = (count) => {
      if (count === 2) redis.role = 'slave'
      if (count === 3) closing.abort()
    }
    await follow()
    expect(sink.setCurrent).toHaveBeenCalledTimes(1)
    expect(sink.setInterrupted).toHaveBeenCalledWith('Redis at this address is a replica; the primary is needed')
  })
})
