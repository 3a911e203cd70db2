import { createLogger } from '@countersign/service-kit'
import { openRedisConnection, type RedisConnection } from '@countersign/service-kit/redis'
import { createTestRedis, startTcpProxy, type TcpProxy } from '@countersign/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import type { AttemptCounter } from '../../src/accounts/sign-in-limits.ts'
import { createAttemptCounter } from '../../src/stores/attempt-counters.ts'

const logger = createLogger({ service: 'test', level: 'silent' })
const windowSeconds = 2
const limit = 3

/** What every counter of attempts does. `make` gives another view of the same counts, as another replica has it. */
function describeAttemptCounter(name: string, make: (counterName: string) => AttemptCounter): void {
  describe(name, () => {
    let counter: AttemptCounter
    let made = 0

    beforeEach(() => {
      counter = make(`contract-${process.pid}-${made++}`)
    })

    test('lets as many attempts pass as its limit, then tells how long to wait', async () => {
      for (let i = 0; i < limit; i++) expect(await counter.consume('alice')).toBe(0)
      const wait = await counter.consume('alice')
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(windowSeconds * 1000)
    })

    test('counts each key for itself, whatever is in it', async () => {
      for (const key of ['alice', 'bob', '192.0.2.1 alice', 'a:b', 'ü{x}*', ''])
        expect(await counter.consume(key)).toBe(0)
    })

    test('lets exactly its limit pass, however parallel the attempts are', async () => {
      const waits = await Promise.all(Array.from({ length: 50 }, () => counter.consume('alice')))
      expect(waits.filter((wait) => wait === 0)).toHaveLength(limit)
    })

    test('takes one attempt back, and forgets a key', async () => {
      for (let i = 0; i < limit; i++) await counter.consume('alice')
      await counter.refund('alice')
      expect(await counter.consume('alice')).toBe(0)
      expect(await counter.consume('alice')).toBeGreaterThan(0)
      await counter.reset('alice')
      expect(await counter.consume('alice')).toBe(0)
    })

    test('a refund of what was never counted gives no credit beyond the window', async () => {
      await counter.refund('alice')
      const waits = []
      for (let i = 0; i < limit + 2; i++) waits.push(await counter.consume('alice'))
      expect(waits.filter((wait) => wait === 0).length).toBeLessThanOrEqual(limit + 1)
    })

    test('begins anew after its window', async () => {
      for (let i = 0; i <= limit; i++) await counter.consume('alice')
      await expect.poll(() => counter.consume('alice'), { timeout: 5000, interval: 250 }).toBe(0)
    })
  })
}

describeAttemptCounter('attempts counted in the process', (name) =>
  createAttemptCounter({ name, limit, windowSeconds, redis: undefined, logger })
)

describe.skipIf(inject('redisUrl') === undefined)('with Redis', () => {
  let redis: RedisConnection
  let redisUrl: string

  beforeAll(async () => {
    redisUrl = await createTestRedis()
    redis = openRedisConnection(redisUrl, logger)
    await vi.waitUntil(() => redis.isReady, { timeout: 5000 })
  })
  afterAll(() => {
    redis.destroy()
  })

  describeAttemptCounter('attempts counted in Redis', (name) =>
    createAttemptCounter({ name, limit, windowSeconds, redis, logger })
  )

  test('replicas share their counts', async () => {
    const options = { name: 'shared', limit, windowSeconds, redis, logger }
    const [one, other] = [createAttemptCounter(options), createAttemptCounter(options)]
    await one.consume('alice')
    await other.consume('alice')
    await one.consume('alice')
    expect(await other.consume('alice')).toBeGreaterThan(0)
  })

  test.each([
    ['is away', (proxy: TcpProxy) => proxy.cut()],
    ['hangs', (proxy: TcpProxy) => proxy.pause()]
  ])('while Redis %s the process counts for itself, without waiting, and guessing stays limited', async (_, fault) => {
    const proxy = await startTcpProxy({ target: redisUrl })
    const connection = openRedisConnection(proxy.url, logger)
    await expect.poll(() => connection.isReady, { timeout: 5000 }).toBe(true)
    const counter = createAttemptCounter({ name: 'away', limit, windowSeconds: 60, redis: connection, logger })
    await fault(proxy)
    const begin = performance.now()
    const waits = []
    for (let i = 0; i <= limit; i++) waits.push(await counter.consume('alice'))
    expect(waits.slice(0, limit)).toEqual(Array(limit).fill(0))
    expect(waits[limit]).toBeGreaterThan(0)
    expect(performance.now() - begin).toBeLessThan(3000)
    connection.destroy()
    await proxy.close()
  })
})
