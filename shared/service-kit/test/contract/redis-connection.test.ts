import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from '@countersign/service-kit'
import { openRedisConnection, type RedisConnection } from '@countersign/service-kit/redis'
import { createTestRedis, runningTimeOf, startTcpProxy, type TcpProxy } from '@countersign/testing'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'

describe.skipIf(inject('redisUrl') === undefined)('a connection to Redis', () => {
  let proxy: TcpProxy
  let redis: RedisConnection
  let lines: string[] = []
  const logger = createLogger({ service: 'test', level: 'warn', destination: { write: (line) => lines.push(line) } })

  beforeEach(async () => {
    proxy = await startTcpProxy({ target: await createTestRedis() })
    redis = openRedisConnection(proxy.url, logger)
    await becomes(redis, true)
    // On a busy machine the first attempt may have failed.
    lines = []
  })
  afterEach(async () => {
    redis.destroy()
    await proxy.close()
  })

  const becomes = (connection: RedisConnection, isReady: boolean) =>
    expect.poll(() => connection.isReady, { timeout: 15_000 }).toBe(isReady)

  test('makes no caller wait for an unreachable Redis, and reconnects by itself', async () => {
    await proxy.cut()
    await expect(redis.set('name', 'value')).rejects.toThrow()
    await proxy.restore()
    await becomes(redis, true)
    expect(await redis.set('name', 'value')).toBe('OK')
    expect(lines).toHaveLength(1)
  })

  test('makes no caller wait for a Redis that accepts commands and does not reply, and reconnects by itself', async () => {
    proxy.pause()
    const waited = await runningTimeOf(async () => {
      const commands = Array.from({ length: 20 }, (_, at) => redis.set(`name-${at}`, 'value'))
      const outcomes = await Promise.allSettled(commands)
      expect(outcomes.map(({ status }) => status)).toEqual(Array(20).fill('rejected'))
    })
    expect(waited).toBeLessThan(3000)
    // From then on it is known.
    await becomes(redis, false)
    expect(await runningTimeOf(() => expect(redis.get('name-0')).rejects.toThrow())).toBeLessThan(500)
    proxy.resume()
    await becomes(redis, true)
    expect(await redis.set('name', 'value')).toBe('OK')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('Redis has not responded within 500 ms')
  })

  test('tries again when the server it connects to does not reply', async () => {
    proxy.pause()
    proxy.dropConnections()
    const { connections } = proxy.counts
    // The first attempt hangs as well; another one follows.
    await expect.poll(() => proxy.counts.connections - connections, { timeout: 25_000 }).toBeGreaterThan(1)
    proxy.resume()
    await becomes(redis, true)
    expect(await redis.ping()).toBe('PONG')
  }, 60_000)

  test('survives a stopped process, with and without a running command', async () => {
    const { connections } = proxy.counts
    for (const milliseconds of [600, 3000]) {
      const pending = redis.set('name', 'value')
      standStill(milliseconds)
      expect(await pending).toBe('OK')
      // Timers that were due meanwhile come before anything is read.
      await delay(500)
      standStill(milliseconds)
      await delay(500)
      expect(await redis.set('name', 'value')).toBe('OK')
    }
    expect([proxy.counts.connections - connections, lines]).toEqual([0, []])
  })

  test('has patience with a Redis that is slow: it is not dropped time and again', async () => {
    const slow = await startSlowProxy(proxy.url, 700)
    const connection = openRedisConnection(slow.url, logger)
    try {
      await becomes(connection, true)
      await expect.poll(() => connection.ping().catch(() => 'dropped'), { timeout: 20_000 }).toBe('PONG')
      await delay(5000)
      expect(slow.connections()).toBeLessThan(4)
      expect(await connection.set('name', 'value')).toBe('OK')
    } finally {
      connection.destroy()
      slow.close()
    }
  }, 60_000)

  test('stays closed once it is, also when it was connecting at that moment', async () => {
    const pending = redis.get('name')
    redis.destroy()
    await expect(pending).rejects.toThrow()

    const starting = openRedisConnection(proxy.url, logger)
    starting.destroy()
    const hanging = openRedisConnection(proxy.url, logger)
    await becomes(hanging, true)
    proxy.pause()
    await becomes(hanging, false)
    hanging.destroy()
    proxy.resume()
    await expect.poll(() => proxy.openConnections, { timeout: 5000 }).toBe(0)
    const { connections } = proxy.counts
    await delay(1500)
    for (const { isOpen, isReady } of [redis, starting, hanging]) expect([isOpen, isReady]).toEqual([false, false])
    expect([proxy.counts.connections, proxy.openConnections]).toEqual([connections, 0])
  })
})

/** As a process does that collects a lot of garbage, or that is stopped. */
function standStill(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

/** Delivers all that comes back later, by the same time. */
async function startSlowProxy(target: string, milliseconds: number) {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((client) => {
    connections++
    const upstream = connect(Number(port), hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client]
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => to.destroy())
    }
    client.pipe(upstream)
    upstream.on('data', (chunk) => setTimeout(() => client.write(chunk), milliseconds))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}
