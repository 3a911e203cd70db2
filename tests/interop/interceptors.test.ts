import { createTestDatabase, createTestRedis, readTestEnvironment, type TestDatabase } from '@countersign/testing'
import {
  ageSessions,
  readFamily,
  register,
  signIn,
  startTrio,
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { randomOf } from '../chaos/refresh-parties.ts'
import { interceptors } from './interceptors.ts'
import { startLossyProxy } from './lossy-proxy.ts'

const rounds = readTestEnvironment().isSoak ? 20 : 8
const requests = 20
const tenMinutes = 600

describe.skipIf(!inject('docker'))('the interceptors that people use, where responses are late and lost', () => {
  let database: TestDatabase
  let trio: Trio

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: await createTestRedis(),
      resourceReplicas: 0,
      authReplicas: 3
    })
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  test.each(interceptors.map(({ name, start }, at) => ({ name, start, at })))(
    '$name: no session is lost in rounds of 20 requests at the moment of expiry, at once or ten minutes later',
    { timeout: 120_000 },
    async ({ start, at }) => {
      const proxy = await startLossyProxy({
        replicas: trio.auths.map(({ url }) => url),
        random: randomOf(at),
        dropRate: 0.3,
        longestDelayMs: 30
      })
      const user = await register(trio.auth.url)
      const tokens = await signIn(trio.auth.url, user)
      const ask = await start(proxy.url, tokens)
      // A request whose refresh was lost fails. The application tries again, and that must work.
      const untilResponded = async () => {
        for (let tries = 0; tries < 50; tries++) {
          const status = await ask().catch(() => undefined)
          if (status !== undefined && status !== 503) return status
        }
        return undefined
      }
      const burst = async () => {
        proxy.expireAccessTokens()
        const statuses = await Promise.all(Array.from({ length: requests }, () => ask().catch(() => 'lost')))
        expect(statuses.filter((status) => !['lost', 200, 503].includes(status))).toEqual([])
      }
      try {
        for (let round = 0; round < rounds; round++) {
          await burst()
          // Every other time the application sleeps, with whatever response it had lost.
          if (round % 2) await ageSessions(database.url, user.id, tenMinutes)
          else expect(await untilResponded()).toBe(200)
        }
        expect(await untilResponded()).toBe(200)
        // 503 is "not now", of a machine that is busy. Anything else would make a client give its session up.
        expect(proxy.statuses.filter((status) => status !== 200 && status !== 503)).toEqual([])
        expect(proxy.dropped).toBeGreaterThan(0)
        const { sid } = unverifiedClaims(tokens.access_token)
        expect(await readFamily(database.url, sid)).toMatchObject({ revoked_at: null })
      } finally {
        await proxy.close()
      }
    }
  )
})
