import { setTimeout as delay } from 'node:timers/promises'
import { createTestRedis, type RedisContainer, startRedisContainer } from '@countersign/testing'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { readTestEnvironment } from '../../src/infrastructure/test-environment.ts'

describe.skipIf(!inject('docker'))('a Redis container', () => {
  let redis: RedisContainer
  beforeAll(async () => {
    redis = await startRedisContainer({ persistent: true })
  })
  afterAll(() => redis?.remove())

  async function ask<T>(question: (client: ReturnType<typeof connectTo>) => Promise<T>, url = redis.url): Promise<T> {
    const client = connectTo(url)
    await client.connect()
    try {
      return await question(client)
    } finally {
      client.destroy()
    }
  }

  function connectTo(url: string) {
    return createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 1_000 } }).on(
      'error',
      () => undefined
    )
  }

  test('has a nearest address that responds', async () => {
    expect(await ask((client) => client.ping(), redis.nearestUrl)).toBe('PONG')
  })

  // Where Docker runs without root, no container can be reached at its own address, which is why this asks for more than Docker.
  test.runIf(process.platform === 'linux' && readTestEnvironment().requiresDocker)(
    'is nearest at its own address, past the published port',
    () => {
      expect(redis.nearestUrl).not.toBe(redis.url)
      expect(new URL(redis.nearestUrl).port).toBe('6379')
    }
  )

  test('refuses connections once stopped, and is on the same port with its data once started', async () => {
    await ask((client) => client.set('kept', '1'))
    await redis.stop()
    await expect(ask((client) => client.ping())).rejects.toThrow()
    await redis.start()
    expect(await ask((client) => client.get('kept'))).toBe('1')
  })

  test('sends nothing while paused, and responds late once unpaused', async () => {
    const client = connectTo(redis.url)
    await client.connect()
    await redis.pause()
    let hasResponded = false
    const response = client.ping().finally(() => {
      hasResponded = true
    })
    await delay(200)
    expect(hasResponded).toBe(false)
    await redis.unpause()
    expect(await response).toBe('PONG')
    client.destroy()
  })

  test('comes back after a crash', async () => {
    await redis.kill()
    await redis.start()
    expect(await ask((client) => client.ping())).toBe('PONG')
  })

  test('the Redis of the run gives each test file a database of its own', async () => {
    const [one, other] = await Promise.all([createTestRedis(), createTestRedis()])
    expect(one).not.toBe(other)
    await ask((client) => client.set('mine', '1'), one)
    expect(await ask((client) => client.get('mine'), other)).toBeNull()
  })
})
