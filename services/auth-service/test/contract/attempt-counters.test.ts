import { createLogger } from '@countersign/service-kit'
import { openRedisConnection, type RedisConnection } from '@countersign/service-kit/redis'
import {
  createTestRedis,
  type RedisContainer,
  startRedisContainer,
  startTcpProxy,
  type TcpProxy
} from '@countersign/testing'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import type { AttemptCounters } from '../../src/sign-in/attempt-counters.ts'
import { createInProcessAttemptCounters } from '../../src/stores/in-process/attempt-counters.ts'
import { createRedisAttemptCounters } from '../../src/stores/redis/attempt-counters.ts'

const logger = createLogger({ service: 'test', level: 'silent' })
const limit = 3

/** One count of one counter, as the tests read it. */
function countOf(counters: AttemptCounters, name: string, windowSeconds = 60) {
  const count = (key: string) => ({ name, key, limit, windowSeconds })
  return {
    consume: async (key: string) => (await counters.charge([count(key)]))[0]?.waitMs ?? 0,
    refund: (key: string) => counters.settle({ refunded: [count(key)] }),
    forget: (key: string) => counters.settle({ forgotten: [count(key)] }),
    add: (key: string) => counters.settle({ counted: [count(key)] }),
    count
  }
}

/** What counters of attempts do, wherever they count. */
function describeAttemptCounters(name: string, make: () => AttemptCounters): void {
  describe(name, () => {
    let counters: AttemptCounters
    let counter: ReturnType<typeof countOf>
    let made = 0

    beforeEach(() => {
      counters = make()
      counter = countOf(counters, `contract-${process.pid}-${made++}`)
    })

    test('let as many attempts pass as the limit, then say how long to wait', async () => {
      for (let i = 0; i < limit; i++) expect(await counter.consume('alice')).toBe(0)
      const wait = await counter.consume('alice')
      expect(wait).toBeGreaterThan(0)
      expect(wait).toBeLessThanOrEqual(60_000)
    })

    test('count each key separately, whatever it contains', async () => {
      for (const key of ['alice', 'bob', '192.0.2.1 alice', 'a:b', 'ü{x}*', ''])
        expect(await counter.consume(key)).toBe(0)
    })

    test('let exactly the limit pass, however parallel the attempts are', async () => {
      const waits = await Promise.all(Array.from({ length: 50 }, () => counter.consume('alice')))
      expect(waits.filter((wait) => wait === 0)).toHaveLength(limit)
    })

    test('count an attempt under all of its counts or under none, and say which are at their limit', async () => {
      for (let i = 0; i < limit; i++) await counter.consume('full')
      const [full, free] = [counter.count('full'), counter.count('free')]
      expect((await counters.charge([free, full])).map(({ count }) => count)).toEqual([full])
      expect((await counters.charge([free], [full])).map(({ count }) => count)).toEqual([full])
      for (let i = 0; i < limit; i++) expect(await counter.consume('free')).toBe(0)
    })

    test('only read the watched counters', async () => {
      for (let i = 0; i < 2 * limit; i++)
        await counters.charge([{ ...counter.count('other'), limit: 100 }], [counter.count('watched')])
      expect(await counter.consume('watched')).toBe(0)
    })

    test('take one attempt back, forget a key, and count without asking', async () => {
      for (let i = 0; i < limit; i++) await counter.consume('alice')
      await counter.refund('alice')
      expect(await counter.consume('alice')).toBe(0)
      expect(await counter.consume('alice')).toBeGreaterThan(0)
      await counter.forget('alice')
      for (let i = 0; i < limit; i++) await counter.add('alice')
      expect(await counter.consume('alice')).toBeGreaterThan(0)
    })

    test('ignore a refund of an attempt that was never counted', async () => {
      await counter.refund('alice')
      for (let i = 0; i < limit; i++) expect(await counter.consume('alice')).toBe(0)
      expect(await counter.consume('alice')).toBeGreaterThan(0)
    })

    test('start at zero after the window', async () => {
      const brief = countOf(counters, `brief-${process.pid}`, 2)
      for (let i = 0; i <= limit; i++) await brief.consume('alice')
      await expect.poll(() => brief.consume('alice'), { timeout: 5000, interval: 250 }).toBe(0)
    })
  })
}

describeAttemptCounters('attempts counted in the process', () => createInProcessAttemptCounters())

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

  describeAttemptCounters('attempts counted in Redis', () => createRedisAttemptCounters({ redis, logger }))

  test('replicas share their counts', async () => {
    const [one, other] = [1, 2].map(() => countOf(createRedisAttemptCounters({ redis, logger }), 'shared'))
    await one?.consume('alice')
    await other?.consume('alice')
    await one?.consume('alice')
    expect(await other?.consume('alice')).toBeGreaterThan(0)
  })

  test.each([
    ['is unavailable', (proxy: TcpProxy) => proxy.cut()],
    ['hangs', (proxy: TcpProxy) => proxy.pause()]
  ])('while Redis %s the process counts for itself, without waiting, and guessing stays limited', async (_, fault) => {
    const proxy = await startTcpProxy({ target: redisUrl })
    const connection = openRedisConnection(proxy.url, logger)
    await expect.poll(() => connection.isReady, { timeout: 5000 }).toBe(true)
    const counter = countOf(createRedisAttemptCounters({ redis: connection, logger }), 'away')
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

describe.skipIf(inject('redisUrl') === undefined)('a Redis that refuses writes', () => {
  let container: RedisContainer
  let connection: RedisConnection
  const configure = async (...command: string[]) => {
    const client = createClient({ url: container.url })
    await client.connect()
    await client.sendCommand(command)
    client.destroy()
  }

  beforeAll(async () => {
    container = await startRedisContainer()
    connection = openRedisConnection(container.url, logger)
    await vi.waitUntil(() => connection.isReady, { timeout: 10_000 })
  })
  afterAll(async () => {
    connection?.destroy()
    await container?.remove()
  })

  test.each([
    ['is full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
    [
      'has too few replicas',
      ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
      ['CONFIG', 'SET', 'min-replicas-to-write', '0']
    ],
    ['is a replica now', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']]
  ])('because it %s leaves the counting to the process', async (fault, breakIt, mendIt) => {
    const counters = createRedisAttemptCounters({ redis: connection, logger })
    const counter = countOf(counters, fault)
    for (let i = 0; i < limit; i++) await counter.consume('before')
    await configure(...breakIt)
    try {
      expect(await counter.consume('before')).toBeGreaterThan(0)
      for (let i = 0; i < limit; i++) expect(await counter.consume('alice')).toBe(0)
      expect(await counter.consume('alice')).toBeGreaterThan(0)
      await counter.refund('alice')
      expect(await counter.consume('alice')).toBe(0)
      await counter.forget('alice')
      expect(await counter.consume('alice')).toBe(0)
    } finally {
      await configure(...mendIt)
    }
  })
})
