import { createLogger } from '@countersign/service-kit'
import { openRedisConnection, type RedisConnection } from '@countersign/service-kit/redis'
import { createTestRedis, startTcpProxy, type TcpProxy } from '@countersign/testing'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'

const logger = createLogger({ service: 'test', level: 'silent' })

describe.skipIf(inject('redisUrl') === undefined)('a connection to Redis', () => {
  let proxy: TcpProxy
  let redis: RedisConnection

  beforeEach(async () => {
    proxy = await startTcpProxy({ target: await createTestRedis() })
    redis = openRedisConnection(proxy.url, logger)
    await isReady(true)
  })
  afterEach(async () => {
    redis.destroy()
    await proxy.close()
  })

  const isReady = (expected: boolean) => expect.poll(() => redis.isReady, { timeout: 10_000 }).toBe(expected)

  test('lets nobody wait for a Redis that is gone, and comes back by itself', async () => {
    await proxy.cut()
    await expect(redis.set('name', 'value')).rejects.toThrow()
    await proxy.restore()
    await isReady(true)
    expect(await redis.set('name', 'value')).toBe('OK')
  })

  test('lets nobody wait for a Redis that takes what it is sent and says nothing, and comes back by itself', async () => {
    proxy.pause()
    const begin = performance.now()
    const commands = Array.from({ length: 20 }, (_, at) => redis.set(`name-${at}`, 'value'))
    const outcomes = await Promise.allSettled(commands)
    expect(outcomes.map(({ status }) => status)).toEqual(Array(20).fill('rejected'))
    expect(performance.now() - begin).toBeLessThan(3000)
    // From then on it is known.
    await isReady(false)
    const later = performance.now()
    await expect(redis.get('name-0')).rejects.toThrow()
    expect(performance.now() - later).toBeLessThan(500)
    proxy.resume()
    await isReady(true)
    expect(await redis.set('name', 'value')).toBe('OK')
  })

  test('tries anew when what it connects to says nothing', async () => {
    proxy.pause()
    proxy.dropConnections()
    const { connections } = proxy.counts
    // The first attempt hangs as well; another one follows.
    await expect.poll(() => proxy.counts.connections - connections, { timeout: 15_000 }).toBeGreaterThan(1)
    proxy.resume()
    await isReady(true)
    expect(await redis.ping()).toBe('PONG')
  })

  test('stays closed once it is', async () => {
    proxy.pause()
    const pending = redis.get('name')
    redis.destroy()
    await expect(pending).rejects.toThrow()
    proxy.resume()
    const { connections } = proxy.counts
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect([redis.isOpen, proxy.counts.connections]).toEqual([false, connections])
  })
})
