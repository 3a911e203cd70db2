import {
  createTestDatabase,
  type RedisContainer,
  startRedisContainer,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase
} from '@countersign/testing'
import {
  type Credentials,
  get,
  post,
  query,
  refresh,
  register,
  signIn,
  startTrio,
  type Trio,
  untilReady,
  unverifiedClaims
} from '@countersign/testing/trio'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'

/** What each service does while something it needs is unavailable. */
describe.skipIf(!inject('docker'))('outages', () => {
  let database: TestDatabase
  let redis: RedisContainer
  let postgres: TcpProxy
  let trio: Trio
  let user: Credentials & { id: string }

  beforeAll(async () => {
    database = await createTestDatabase()
    redis = await startRedisContainer()
    postgres = await startTcpProxy({ target: database.url })
    trio = await startTrio({
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      resourceReplicas: 2,
      env: { REGISTRATIONS_PER_ADDRESS: '1000' }
    })
  })
  afterAll(async () => {
    await trio?.stop()
    await postgres?.close()
    await redis?.remove()
    await database?.drop()
  })
  beforeEach(async () => {
    user = await register(trio.auth.url)
  })

  const me = (accessToken: string, replica = 0) => get(`${trio.resources[replica]?.url}/me`, accessToken)
  const statusOfMe = async (accessToken: string, replica = 0) => (await me(accessToken, replica)).status
  const logout = (accessToken: string) => post(`${trio.auth.url}/auth/logout`, undefined, accessToken)
  const allReady = () => Promise.all([...trio.auths, ...trio.resources].map((service) => untilReady(service)))

  test('Redis stopped: within the staleness bound 503, neither 401 nor 200; started again: recovery by itself', async () => {
    const good = await signIn(trio.auth.url, user)
    const revoked = await signIn(trio.auth.url, user)
    await logout(revoked.access_token)
    expect(await statusOfMe(good.access_token)).toBe(200)

    const seen = new Set<number>()
    const stopping = redis.stop()
    seen.add(await statusOfMe(good.access_token))
    await stopping
    const stoppedAt = performance.now()
    await expect
      .poll(
        async () => {
          const status = await statusOfMe(good.access_token)
          seen.add(status)
          return status
        },
        { timeout: 7000, interval: 50 }
      )
      .toBe(503)
    expect(performance.now() - stoppedAt).toBeLessThan(6000)
    expect([...seen].sort()).toEqual([200, 503])

    const unknown = await me(good.access_token)
    expect(unknown).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    expect(unknown.headers.get('Retry-After')).toMatch(/^\d+$/)
    expect(unknown.headers.has('WWW-Authenticate')).toBe(false)
    // What is known to be bad stays 401, and who needs no token is served.
    expect(await statusOfMe(revoked.access_token)).toBe(401)
    expect((await get(`${trio.resource.url}/public`)).status).toBe(200)
    // The issuer asks Postgres instead, and goes on altogether.
    expect((await get(`${trio.auth.url}/auth/me`, good.access_token)).status).toBe(200)
    const during = await signIn(trio.auth.url, user)
    const rotated = await refresh(trio.auth.url, during.refresh_token)
    expect(rotated.status).toBe(200)
    expect((await logout(rotated.body.access_token)).status).toBe(204)
    // Its own view may be a read younger than the one above: for a moment it is not stale yet, and does not ask Postgres.
    await expect
      .poll(async () => (await get(`${trio.auth.url}/auth/me`, rotated.body.access_token)).status, { timeout: 2000 })
      .toBe(401)

    await redis.start() // it comes back empty
    await expect.poll(() => statusOfMe(good.access_token), { timeout: 10_000, interval: 50 }).toBe(200)
    // Revoked before the outage, and revoked during it: both are in the feed again.
    expect(await statusOfMe(revoked.access_token)).toBe(401)
    expect(await statusOfMe(rotated.body.access_token)).toBe(401)
  })

  test('Redis flushed: a revoked token stays refused, also by a resource-service that is started after the flush', async () => {
    await allReady()
    const revoked = await signIn(trio.auth.url, user)
    expect(await statusOfMe(revoked.access_token)).toBe(200)
    await logout(revoked.access_token)
    const client = createClient({ url: redis.url })
    await client.connect()
    await client.flushAll()
    client.destroy()

    const statuses = new Set<number>()
    const watchUntil = performance.now() + 2500
    while (performance.now() < watchUntil) statuses.add(await statusOfMe(revoked.access_token))
    expect([...statuses]).toEqual([401])

    const late = await trio.startResource()
    await untilReady(late)
    expect((await get(`${late.url}/me`, revoked.access_token)).status).toBe(401)
    const good = await signIn(trio.auth.url, user)
    await expect.poll(() => statusOfMe(good.access_token), { timeout: 10_000 }).toBe(200)
    expect((await get(`${late.url}/me`, good.access_token)).status).toBe(200)
  })

  test('Redis frozen: logouts and sign-ins still respond soon, and all recovers once Redis goes on', async () => {
    await allReady()
    const tokens = await signIn(trio.auth.url, user)
    await redis.pause()
    try {
      const asked = performance.now()
      expect((await logout(tokens.access_token)).status).toBe(204)
      expect(performance.now() - asked).toBeLessThan(3000)
      // The limits of sign-ins are counted in Redis; the first one finds out that it does not respond.
      for (const _ of ['first', 'second']) {
        const signingInAt = performance.now()
        await signIn(trio.auth.url, user)
        expect(performance.now() - signingInAt).toBeLessThan(3000)
      }
      const [entry] = await query(database.url, 'SELECT 1 FROM revocations WHERE value = $1', [
        unverifiedClaims(tokens.access_token).sid
      ])
      expect(entry).toBeDefined()
    } finally {
      await redis.unpause()
    }
    for (const replica of [0, 1]) {
      await expect.poll(() => statusOfMe(tokens.access_token, replica), { timeout: 15_000, interval: 50 }).toBe(401)
    }
  })

  test('Postgres unavailable: verification goes on, refresh returns 503, and the refresh token works afterwards', async () => {
    await allReady()
    const tokens = await signIn(trio.auth.url, user)
    await postgres.cut()
    try {
      expect(await statusOfMe(tokens.access_token)).toBe(200)
      const refused = await refresh(trio.auth.url, tokens.refresh_token)
      expect(refused).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
      expect(refused.headers.get('Retry-After')).toMatch(/^\d+$/)
      const credentials = { username: user.username, password: user.password }
      expect((await post(`${trio.auth.url}/auth/login`, credentials)).status).toBe(503)
      expect((await logout(tokens.access_token)).status).toBe(503)
      expect((await get(`${trio.auth.url}/auth/sessions`, tokens.access_token)).status).toBe(503)
      expect((await get(`${trio.auth.url}/.well-known/jwks.json`)).status).toBe(200)
      expect(await get(`${trio.auth.managementUrl}/health/ready`)).toMatchObject({
        status: 503,
        body: { status: 'unavailable' }
      })
      expect((await get(`${trio.auth.managementUrl}/health/live`)).status).toBe(200)
    } finally {
      await postgres.restore()
    }
    const refreshed = await refresh(trio.auth.url, tokens.refresh_token)
    expect(refreshed.status).toBe(200)
    expect(await statusOfMe(refreshed.body.access_token)).toBe(200)
  })

  test('Postgres frozen: refresh returns 503 in bounded time, and the refresh token works afterwards', async () => {
    // What waits from the outages before would make the denylist stale now.
    await allReady()
    const tokens = await signIn(trio.auth.url, user)
    postgres.pause()
    try {
      const asked = performance.now()
      expect((await refresh(trio.auth.url, tokens.refresh_token)).status).toBe(503)
      expect(performance.now() - asked).toBeLessThan(10_000)
      expect(await statusOfMe(tokens.access_token)).toBe(200)
    } finally {
      postgres.resume()
    }
    await expect
      .poll(async () => (await refresh(trio.auth.url, tokens.refresh_token)).status, { timeout: 10_000 })
      .toBe(200)
  })

  test('a committed revocation that a crash left unpublished is published by the sweeper', async () => {
    await allReady()
    const tokens = await signIn(trio.auth.url, user)
    const { sid } = unverifiedClaims(tokens.access_token)
    // What a crash between commit and publication leaves behind.
    await query(
      database.url,
      `WITH ended AS (UPDATE refresh_token_families SET revoked_at = now(), revoked_reason = 'logout' WHERE id = $1::uuid)
       INSERT INTO revocations (kind, value, expires_at) VALUES ('sid', $1::text, now() + interval '11 minutes')`,
      [sid]
    )
    await expect.poll(() => statusOfMe(tokens.access_token), { timeout: 8000, interval: 50 }).toBe(401)
    const isPublished = async () =>
      (
        await query<{ published: boolean }>(
          database.url,
          'SELECT published_at IS NOT NULL AS published FROM revocations WHERE value = $1',
          [sid]
        )
      )[0]?.published
    await expect.poll(isPublished, { timeout: 3000 }).toBe(true)
  })
})
