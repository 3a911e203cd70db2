import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from '@countersign/service-kit'
import { openRedisConnection, type RedisConnection } from '@countersign/service-kit/redis'
import { createTestRedis } from '@countersign/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { createInProcessSessionStore } from '../../src/sessions/in-process-session-store.ts'
import { createRedisSessionStore } from '../../src/sessions/redis-session-store.ts'
import type { SessionStore } from '../../src/sessions/session-store.ts'

/** What every store of sessions does. */
function describeSessionStore(name: string, open: () => SessionStore): void {
  describe(name, () => {
    let store: SessionStore
    let key: string
    let made = 0

    beforeEach(() => {
      store = open()
      key = `contract-${process.pid}-${made++}`
    })

    test('finds a created session unchanged, and nothing else', async () => {
      await store.create(key, { version: 0, encrypted: 'a.b.c' }, 60)
      expect(await store.use(key, 60)).toEqual({ version: 0, encrypted: 'a.b.c' })
      expect(await store.use(`${key}x`, 60)).toBeUndefined()
      expect(await store.check()).toBe(true)
    })

    test('forgets expired sessions; each use extends the time', async () => {
      await store.create(key, { version: 0, encrypted: 'x' }, 3)
      expect(await store.use(key, 60)).toBeDefined()
      await delay(3100)
      expect(await store.use(key, 1)).toBeDefined()
      await delay(1100)
      expect(await store.use(key, 1)).toBeUndefined()
    })

    test('accepts only the successor of the stored version', async () => {
      await store.create(key, { version: 1, encrypted: 'one' }, 60)
      expect(await store.replace(key, 0, { version: 1, encrypted: 'late' }, 60)).toBe(false)
      expect(await store.replace(key, 1, { version: 2, encrypted: 'two' }, 60)).toBe(true)
      expect(await store.replace(key, 1, { version: 2, encrypted: 'again' }, 60)).toBe(false)
      expect(await store.use(key, 60)).toEqual({ version: 2, encrypted: 'two' })
    })

    test('distinguishes version 1 from version 10', async () => {
      await store.create(key, { version: 10, encrypted: 'ten' }, 60)
      expect(await store.replace(key, 1, { version: 2, encrypted: 'x' }, 60)).toBe(false)
      expect(await store.replace(key, 10, { version: 11, encrypted: 'eleven' }, 60)).toBe(true)
    })

    test('of fifty successors at once it takes one', async () => {
      await store.create(key, { version: 0, encrypted: 'zero' }, 60)
      const taken = await Promise.all(
        Array.from({ length: 50 }, (_, i) => store.replace(key, 0, { version: 1, encrypted: `s${i}` }, 60))
      )
      expect(taken.filter(Boolean)).toHaveLength(1)
      expect(await store.use(key, 60)).toEqual({ version: 1, encrypted: `s${taken.indexOf(true)}` })
    })

    test('gives the renewal of a version to one replica, until it is stored, released or taken over', async () => {
      const claim = (holder: string, version = 0, takesOver = false) =>
        store.claim(key, { version, holder, takesOver }, 60)
      const session = { version: 0, encrypted: 'x.y' }
      expect(await claim('a')).toBeUndefined()
      await store.create(key, session, 60)
      expect(await claim('a')).toEqual({ session, isElsewhere: false })
      expect(await claim('a')).toEqual({ session, isElsewhere: false })
      expect(await claim('b')).toEqual({ session, isElsewhere: true })
      await store.release(key)
      expect(await claim('b')).toEqual({ session, isElsewhere: false })
      expect(await claim('a', 0, true)).toEqual({ session, isElsewhere: false })
      expect(await claim('b')).toEqual({ session, isElsewhere: true })
      const next = { version: 1, encrypted: 'next' }
      expect(await store.replace(key, 0, next, 60)).toBe(true)
      expect(await claim('b', 0)).toEqual({ session: next, isElsewhere: false })
      expect(await claim('a', 1)).toEqual({ session: next, isElsewhere: false })
      await store.remove(key)
      expect(await claim('b', 1)).toBeUndefined()
    })

    test('a removed session does not return with a successor', async () => {
      await store.create(key, { version: 0, encrypted: 'x' }, 60)
      await store.remove(key)
      await store.remove(key)
      expect(await store.replace(key, 0, { version: 1, encrypted: 'y' }, 60)).toBe(false)
      expect(await store.use(key, 60)).toBeUndefined()
    })
  })
}

const inProcess = createInProcessSessionStore()
describeSessionStore('the in-process session store', () => inProcess)

describe.skipIf(!inject('docker'))('over Redis', () => {
  let redis: RedisConnection

  beforeAll(async () => {
    redis = openRedisConnection(await createTestRedis(), createLogger({ service: 'test', level: 'silent' }))
    await vi.waitUntil(() => redis.isReady, { timeout: 10_000 })
  })
  afterAll(() => redis?.destroy())

  describeSessionStore('the Redis session store', () => createRedisSessionStore(redis))
})
