import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  query,
  readFamily,
  refresh,
  register,
  signIn,
  startTrio,
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

const replicas = 3
const refreshes = 1000

describe.skipIf(!inject('docker'))('a thousand parallel refreshes', () => {
  let database: TestDatabase
  let trio: Trio

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: await createTestRedis(),
      resourceReplicas: 0,
      authReplicas: replicas
    })
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  test('over three replicas get one successor, with no revocation and nothing but 200', async () => {
    const user = await register(trio.auth.url)
    // Replicas that have just started open their connections first.
    await refreshInParallel((await signIn(trio.auth.url, user)).refresh_token, 60)
    // On a busy machine one of them may wait too long for a connection to the database: 503, once or twice.
    for (let attempt = 1; ; attempt++) {
      const tokens = await signIn(trio.auth.url, user)
      const { sid } = unverifiedClaims(tokens.access_token)
      const responses = await refreshInParallel(tokens.refresh_token, refreshes)
      const statuses = new Set(responses.map(({ status }) => status))
      const successors = new Set(responses.flatMap(({ status, body }) => (status === 200 ? [body.refresh_token] : [])))
      expect(successors.size).toBe(1)
      const family = await readFamily(database.url, sid)
      expect(family).toMatchObject({ generation: 1, revoked_at: null, revoked_reason: null })
      expect(await query(database.url, 'SELECT 1 FROM revocations')).toEqual([])
      expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([])
      expect(responses.filter(({ status }) => status === 503).length).toBeLessThan(10)
      expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([])
      expect(responses.filter(({ status }) => status === 503).length).toBeLessThan(10)
      const [successor] = successors
      expect((await refresh(trio.auth.url, successor as string)).status).toBe(200)
      if (attempt < 3 && statuses.has(503)) continue
      expect(statuses).toEqual(new Set([200]))
      return
    }
  }, 120_000)

  function refreshInParallel(refreshToken: string, times: number) {
    return Promise.all(
      Array.from({ length: times }, (_, i) => refresh(trio.auths[i % replicas]?.url as string, refreshToken))
    )
  }
})
