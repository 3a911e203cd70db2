import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  ageSessions,
  post,
  query,
  refresh,
  register,
  type ServiceProcess,
  signIn,
  startTrio,
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

/** Verifiers may allow for so much clock difference, in seconds. */
const maxClockTolerance = 60

describe.skipIf(!inject('docker'))('a denylist entry', () => {
  let database: TestDatabase
  let trio: Trio
  let longLived: ServiceProcess
  let shortLived: ServiceProcess

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: await createTestRedis(),
      resourceReplicas: 0,
      env: { REGISTRATIONS_PER_ADDRESS: '1000', ACCESS_TOKEN_TTL_SECONDS: '3600', REFRESH_RETRY_WINDOW_SECONDS: '3600' }
    })
    longLived = trio.auth
    shortLived = await trio.startAuth({ ACCESS_TOKEN_TTL_SECONDS: '30' })
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const entryExpiry = async (sid: string) => {
    const [entry] = await query<{ at: number }>(
      database.url,
      'SELECT extract(epoch FROM expires_at)::float8 AS at FROM revocations WHERE value = $1',
      [sid]
    )
    return entry?.at ?? 0
  }
  const logout = (refreshToken: string) => post(`${shortLived.url}/auth/logout`, { refresh_token: refreshToken })

  test('outlives a token that was issued when tokens lived longer', async () => {
    const tokens = await signIn(longLived.url, await register(longLived.url))
    const { sid, exp } = unverifiedClaims(tokens.access_token)
    expect((await logout(tokens.refresh_token)).status).toBe(204)
    expect(await entryExpiry(sid)).toBeGreaterThanOrEqual(exp + maxClockTolerance)
  })

  test('is no longer than the last token needs it', async () => {
    const tokens = await signIn(shortLived.url, await register(shortLived.url))
    const { sid, exp } = unverifiedClaims(tokens.access_token)
    expect((await logout(tokens.refresh_token)).status).toBe(204)
    expect(await entryExpiry(sid)).toBeLessThan(exp + maxClockTolerance + 70)
  })

  test('outlives the token of a retry that came long after its rotation', async () => {
    const user = await register(shortLived.url)
    const tokens = await signIn(shortLived.url, user)
    await refresh(shortLived.url, tokens.refresh_token)
    await ageSessions(database.url, user.id, 1000)
    const retried = await refresh(shortLived.url, tokens.refresh_token)
    expect(retried.status).toBe(200)
    const { sid, exp } = unverifiedClaims(retried.body.access_token)
    expect((await logout(tokens.refresh_token)).status).toBe(204)
    expect(await entryExpiry(sid)).toBeGreaterThanOrEqual(exp + maxClockTolerance)
  })

  test('is made for an expired session, too, while one of its tokens is alive', async () => {
    const user = await register(longLived.url)
    const tokens = await signIn(longLived.url, user)
    const { sid } = unverifiedClaims(tokens.access_token)
    await query(database.url, 'UPDATE refresh_token_families SET idle_expires_at = now() WHERE id = $1', [sid])
    expect((await logout(tokens.refresh_token)).status).toBe(204)
    expect(await entryExpiry(sid)).toBeGreaterThan(0)
  })
})
