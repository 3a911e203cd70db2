import { createTestClock } from '@countersign/verifier/testing'
import { describe, expect, it, vi } from 'vitest'
import type { RevocationSink } from '../../../src/revocation/feed.ts'
import { createRevocations, type RevocationOptions } from '../../../src/revocation/revocations.ts'

const setUp = (options: Partial<RevocationOptions> = {}) => {
  const clock = createTestClock()
  let sink: RevocationSink | undefined
  const feed = {
    follow: (given: RevocationSink) => {
      sink = given
    },
    checkDirectly: vi.fn(async () => false),
    close: vi.fn(async () => {})
  }
  const logger = { info: vi.fn(), warn: vi.fn() }
  const revocations = createRevocations({ feed, ...options }, { clock, logger })
  if (!sink) throw new Error('the feed was not followed')
  const check = async (whenStale?: 'reject' | 'check' | 'allow') => {
    try {
      revocations.refuseKnown(token)
      if (!revocations.isFresh(whenStale)) await revocations.ask(token)
      return 'passed'
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  return { clock, feed, sink, revocations, check, logger }
}
const token = { jti: 'j', sid: 's', kid: 'k' }
const hit = (clock: { now(): number }) => [{ kind: 'sid' as const, value: 's', expiresAt: clock.now() / 1000 + 600 }]

describe('the denylist with its policy', () => {
  it('decides without waiting while the view is fresh', () => {
    const { revocations, sink, clock } = setUp()
    sink.setCurrent(clock.monotonic())
    expect(revocations.isFresh()).toBe(true)
  })

  it('is stale before it was loaded, and past maxStalenessSeconds', async () => {
    const { check, sink, clock } = setUp({ maxStalenessSeconds: 5 })
    expect(await check()).toBe('ERR_REVOCATIONS_UNAVAILABLE')
    sink.setCurrent(clock.monotonic())
    clock.advance(5000)
    expect(await check()).toBe('passed')
    clock.advance(1)
    expect(await check()).toBe('ERR_REVOCATIONS_UNAVAILABLE')
  })

  it('refuses a known hit under every policy, however stale the view is', async () => {
    for (const whenStale of ['reject', 'check', 'allow'] as const) {
      const { check, sink, clock, feed } = setUp({ whenStale })
      sink.add(hit(clock))
      clock.advance(60_000)
      expect(await check()).toBe('ERR_TOKEN_REVOKED')
      expect(feed.checkDirectly).not.toHaveBeenCalled()
    }
  })

  it('lets a token pass while stale only under "allow"', async () => {
    expect(await setUp({ whenStale: 'allow' }).check()).toBe('passed')
    expect(await setUp().check()).toBe('ERR_REVOCATIONS_UNAVAILABLE')
    expect(await setUp().check('allow')).toBe('passed')
    expect(await setUp({ whenStale: 'allow' }).check('reject')).toBe('ERR_REVOCATIONS_UNAVAILABLE')
  })

  it('asks the transport for each request while stale under "check", and cannot know when it does not reply', async () => {
    const { check, feed, sink, clock } = setUp({ whenStale: 'check' })
    expect(await check()).toBe('passed')
    expect(feed.checkDirectly).toHaveBeenCalledWith(token)
    feed.checkDirectly.mockResolvedValueOnce(true)
    expect(await check()).toBe('ERR_TOKEN_REVOKED')
    feed.checkDirectly.mockRejectedValueOnce(new Error('unavailable'))
    expect(await check()).toBe('ERR_REVOCATIONS_UNAVAILABLE')
    feed.checkDirectly.mockClear()
    sink.setCurrent(clock.monotonic())
    expect(await check()).toBe('passed')
    expect(feed.checkDirectly).not.toHaveBeenCalled()
  })

  it('is ready once it was loaded, and not at all when it is closed before', async () => {
    const loaded = setUp()
    loaded.sink.setCurrent(loaded.clock.monotonic())
    await loaded.revocations.ready()
    const closed = setUp()
    await closed.revocations.close()
    await expect(closed.revocations.ready()).rejects.toMatchObject({ code: 'ERR_REVOCATIONS_UNAVAILABLE' })
    expect(closed.feed.close).toHaveBeenCalledOnce()
  })

  it('warns of an interruption, and waits for the first load without a warning', () => {
    const { sink, clock, logger } = setUp()
    sink.setInterrupted('connection refused')
    expect(logger.info).toHaveBeenLastCalledWith({ reason: 'connection refused' }, 'waiting for the revocation feed')
    sink.setCurrent(clock.monotonic())
    expect(logger.info).toHaveBeenLastCalledWith({}, 'revocation view is current')
    expect(logger.warn).not.toHaveBeenCalled()
    sink.setInterrupted('reset')
    expect(logger.warn.mock.calls).toEqual([[{ reason: 'reset' }, 'revocation view is interrupted']])
  })

  it('rejects invalid options with a TypeError that names the option', () => {
    expect(() => setUp({ whenStale: 'ignore' as 'allow' })).toThrow(/^revocations\.whenStale must be one of 'reject'/)
    for (const maxStalenessSeconds of [0, 0.5, 3601, Number.NaN, Number.POSITIVE_INFINITY, '5' as unknown as number]) {
      expect(() => setUp({ maxStalenessSeconds })).toThrow(TypeError)
    }
    expect(() => setUp({ feed: {} as RevocationOptions['feed'] })).toThrow(/revocations\.feed/)
  })
})
