import { setTimeout as delay } from 'node:timers/promises'
import {
  createTestDatabase,
  type RedisContainer,
  readTestEnvironment,
  runningTimeOf,
  startRedisContainer,
  startRunningClock,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase
} from '@countersign/testing'
import {
  clientAssertion,
  createBrowserClient,
  get,
  makeClientKey,
  post,
  postForm,
  register,
  send,
  signIn,
  startTrio,
  type Trio,
  untilReady
} from '@countersign/testing/trio'
import { redisRevocations, revocationKeys } from '@countersign/verifier/redis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { createLocalVerifier, type LocalVerifier } from './feed-views.ts'
import { command, refusedWrites } from './refused-writes.ts'

const { redisImage, redis7Image, valkeyImage, isSoak } = readTestEnvironment()
/** `REVOCATION_MAX_STALENESS_SECONDS` of the services, and what a busy machine adds. */
const maxStalenessSeconds = 2
const boundMs = maxStalenessSeconds * 1000 + 500
const recoveryMs = 3000

/** `npm test` takes the first, `npm run test:soak` all. */
const servers = [
  ['Redis 8', redisImage],
  ['Redis 7', redis7Image],
  ['Valkey', valkeyImage]
].slice(0, isSoak ? 3 : 1)

/** docs/faults.md lists these states. */
describe.skipIf(!inject('docker')).each(servers)('%s that serves reads and refuses writes', (_, image) => {
  let database: TestDatabase
  let redis: RedisContainer
  let trio: Trio
  const joined: LocalVerifier[] = []

  beforeAll(async () => {
    database = await createTestDatabase()
    redis = await startRedisContainer({ image })
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: redis.url,
      env: {
        REVOCATION_MAX_STALENESS_SECONDS: String(maxStalenessSeconds),
        REGISTRATIONS_PER_ADDRESS: '1000',
        CLIENT_CACHE_SECONDS: '10'
      }
    })
  })
  afterAll(async () => {
    await Promise.all(joined.map(({ verifier }) => verifier.close()))
    await trio?.stop()
    await redis?.remove()
    await database?.drop()
  })

  const join = (name: string) => {
    const verifier = createLocalVerifier(name, {
      issuer: trio.issuer,
      issuerUrl: trio.auth.url,
      feed: redisRevocations({ url: redis.url }).feed,
      maxStalenessSeconds
    })
    joined.push(verifier)
    return verifier
  }
  const me = async (accessToken: string) => (await get(`${trio.resource.url}/me`, accessToken)).status
  const newSession = async () => (await signIn(trio.auth.url, await register(trio.auth.url))).access_token
  const feedFault = async (reason: string) => {
    const { body } = await send<string>(`${trio.auth.managementUrl}/metrics`, {})
    return new RegExp(`^countersign_revocation_feed_fault\\{[^}]*reason="${reason}"[^}]*\\} 1$`, 'm').test(body)
  }

  test.each(refusedWrites)(
    'because $name: a revoked token is accepted by nobody past the bound',
    async (state) => {
      const { name, reason } = state
      const upAllTheTime = join('up all the time')
      await upAllTheTime.verifier.ready()
      const [good, revoked] = [await newSession(), await newSession()]
      const admin = await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })
      const user = await register(trio.auth.url)
      expect([await me(good), await me(revoked)]).toEqual([200, 200])

      await state.begin(redis)
      try {
        expect((await post(`${trio.auth.url}/auth/logout`, undefined, revoked)).status).toBe(204)
        const revokedAt = performance.now()
        // The issuer knows at once, whatever Redis does.
        expect((await get(`${trio.auth.url}/auth/me`, revoked)).status).toBe(401)
        expect((await post(`${trio.auth.url}/auth/logout`, undefined, admin.access_token)).status).toBe(204)
        const patch = { method: 'PATCH', body: JSON.stringify({ disabled: true }) }
        const headers = { Authorization: `Bearer ${admin.access_token}`, 'Content-Type': 'application/json' }
        expect((await send(`${trio.auth.url}/admin/users/${user.id}`, { ...patch, headers })).status).toBe(401)

        const startedMeanwhile = join(`started while ${name}`)
        while (performance.now() < revokedAt + boundMs + 1500) {
          const askedAt = performance.now()
          const statuses = {
            'resource-service': await me(revoked),
            'up all the time': await upAllTheTime.ask(revoked),
            'started meanwhile': await startedMeanwhile.ask(revoked)
          }
          if (askedAt > revokedAt + boundMs)
            expect(Object.values(statuses), JSON.stringify(statuses)).not.toContain(200)
          expect([200, 503]).toContain(await me(good))
          await delay(50)
        }
        // A verifier that cannot know says so, and does not reject a valid token with 401.
        expect([await me(good), await upAllTheTime.ask(good)]).toEqual([503, 503])
        await expect.poll(() => feedFault(reason), { timeout: 3000 }).toBe(true)
        const health = await get<{ checks: object }>(`${trio.auth.managementUrl}/health/ready`)
        expect(health).toMatchObject({ status: 200, body: { checks: { revocation_feed: 'failing' } } })
      } finally {
        await state.end(redis)
      }
      const recovery = await runningTimeOf(() =>
        Promise.all([
          expect.poll(() => me(good), { timeout: 10_000, interval: 25 }).toBe(200),
          expect.poll(() => upAllTheTime.ask(good), { timeout: 10_000, interval: 25 }).toBe(200)
        ])
      )
      expect(recovery).toBeLessThan(recoveryMs)
      for (const { ask } of joined) await expect.poll(() => ask(revoked), { timeout: 3000 }).toBe(401)
      expect(await me(revoked)).toBe(401)
      await untilReady(trio.auth)
      expect(await feedFault(reason)).toBe(false)
    },
    60_000
  )

  test('rejects no valid token while nothing is revoked', async () => {
    const upAllTheTime = join('in quiet times')
    await upAllTheTime.verifier.ready()
    const good = await newSession()
    await delay(1600)
    await command(redis.url, ['CONFIG', 'SET', 'min-replicas-to-write', '1'])
    try {
      for (const until = performance.now() + 5000; performance.now() < until; await delay(50)) {
        expect([await me(good), await upAllTheTime.ask(good)]).toEqual([200, 200])
      }
    } finally {
      await command(redis.url, ['CONFIG', 'SET', 'min-replicas-to-write', '0'])
    }
  })
})

describe.skipIf(!inject('docker'))('a failover that leaves connections to the former primary open', () => {
  let database: TestDatabase
  const containers: RedisContainer[] = []
  let proxy: TcpProxy
  let trio: Trio

  beforeAll(async () => {
    database = await createTestDatabase()
    const [primary, replica] = [await startRedisContainer(), await startRedisContainer()]
    containers.push(primary, replica)
    proxy = await startTcpProxy({ target: primary.url })
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: proxy.url,
      bffReplicas: 1,
      env: { REGISTRATIONS_PER_ADDRESS: '1000' }
    })
  })
  afterAll(async () => {
    await trio?.stop()
    await proxy?.close()
    await Promise.all(containers.map((container) => container.remove()))
    await database?.drop()
  })

  test('every service drops them by itself, and serves everything again within 3 s', async () => {
    const [primary, promoted] = containers as [RedisContainer, RedisContainer]
    const user = await register(trio.auth.url)
    const { access_token: good } = await signIn(trio.auth.url, user)
    const { access_token: revoked } = await signIn(trio.auth.url, user)
    const key = await makeClientKey()
    const admin = await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })
    const created = await post(
      `${trio.auth.url}/admin/clients`,
      {
        client_id: 'reports',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [key.publicJwk] },
        grant_types: ['client_credentials'],
        scopes: ['reports:read'],
        audiences: ['http://api.test']
      },
      admin.access_token
    )
    expect(created.status, JSON.stringify(created.body)).toBe(201)
    const clientToken = async () => {
      const assertion = await clientAssertion(key, { clientId: 'reports', audience: trio.issuer })
      const form = { grant_type: 'client_credentials', client_id: 'reports', ...assertion }
      return (await postForm(`${trio.auth.url}/oauth/token`, form)).status
    }
    expect(await clientToken()).toBe(200)

    await command(primary.url, ['REPLICAOF', '127.0.0.1', '1'])
    proxy.retarget(promoted.url, { keepsConnections: true })
    const clock = startRunningClock()
    onTestFinished(() => clock.stop())
    expect((await post(`${trio.auth.url}/auth/logout`, undefined, revoked)).status).toBe(204)
    expect((await get(`${trio.auth.url}/auth/me`, revoked)).status).toBe(401)
    const me = async (token: string) => (await get(`${trio.resource.url}/me`, token)).status
    const { username, password } = user
    const pages = async () => {
      const browser = createBrowserClient(trio.publicUrl)
      return (await browser.send('POST', '/bff/session', { body: { username, password } })).status
    }
    const client = createClient({ url: promoted.url })
    onTestFinished(() => client.destroy())
    await client.connect()
    await Promise.all([
      expect.poll(clientToken, { timeout: 10_000, interval: 50 }).toBe(200),
      expect.poll(pages, { timeout: 10_000, interval: 50 }).toBeLessThan(300),
      expect.poll(() => me(revoked), { timeout: 10_000, interval: 25 }).toBe(401),
      expect.poll(() => me(good), { timeout: 10_000, interval: 25 }).toBe(200),
      expect.poll(() => client.exists(revocationKeys.epoch), { timeout: 10_000, interval: 25 }).toBe(1)
    ])
    expect(clock.elapsed()).toBeLessThan(3000)
  })
})
