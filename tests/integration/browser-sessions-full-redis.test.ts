import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createTestDatabase,
  createTestRedis,
  type RedisContainer,
  startRedisContainer,
  startRedisFaults,
  type TestDatabase
} from '@countersign/testing'
import {
  type BrowserClient,
  createBrowserClient,
  query,
  readFamily,
  register,
  type ServiceProcess,
  startTrio,
  type Trio,
  untilReady,
  usedSecrets
} from '@countersign/testing/trio'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'

const publicUrl = 'http://localhost:4002'
/** Longer than the issuer repeats the successor of a token (REFRESH_RETRY_WINDOW_SECONDS). */
const outageMs = 2_500

describe.skipIf(!inject('docker'))('sessions of browsers in a Redis that refuses writes', () => {
  let database: TestDatabase
  let redis: RedisContainer
  let trio: Trio
  let api: Server
  let replicas: ServiceProcess[]
  /** Tokens that the API rejects, so that their sessions have to renew them. */
  const refused = new Set<string>()

  beforeAll(async () => {
    database = await createTestDatabase()
    redis = await startRedisContainer()
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: await createTestRedis(),
      env: { REFRESH_RETRY_WINDOW_SECONDS: '1', REGISTRATIONS_PER_ADDRESS: '1000' }
    })
    api = createServer((request, response) => {
      const token = (request.headers.authorization as string).slice('Bearer '.length)
      usedSecrets.add(token)
      if (request.url === '/refuse-from-now-on') refused.add(token)
      else if (refused.has(token)) response.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' })
      response.end()
    }).listen(0, '127.0.0.1')
    await once(api, 'listening')
    replicas = await Promise.all([startBff(redis.url), startBff(redis.url)])
  })
  afterAll(async () => {
    await trio?.stop()
    api?.closeAllConnections()
    api?.close()
    await redis?.remove()
    await database?.drop()
  })
  afterEach(takeWrites)

  async function startBff(redisUrl: string): Promise<ServiceProcess> {
    const { port } = api.address() as AddressInfo
    const env = { REDIS_URL: redisUrl, PUBLIC_URL: publicUrl, API_URL: `http://127.0.0.1:${port}` }
    const bff = await trio.startBff(env)
    await untilReady(bff)
    return bff
  }

  async function command(...words: string[]): Promise<void> {
    const client = createClient({ url: redis.url })
    await client.connect()
    try {
      await client.sendCommand(words)
    } finally {
      client.destroy()
    }
  }

  async function takeWrites(): Promise<void> {
    await command('CONFIG', 'SET', 'maxmemory', '0')
    await command('CONFIG', 'SET', 'min-replicas-to-write', '0')
    await command('REPLICAOF', 'NO', 'ONE')
  }

  async function signedIn() {
    const user = await register(trio.auth.url)
    const browser = createBrowserClient(publicUrl, replicas[0]?.url)
    return { user, browser, session: await browser.signIn(user) }
  }

  const urls = (): string[] => replicas.map(({ url }) => url)

  async function expectOneRotation(sessionId: string): Promise<void> {
    expect(await readFamily(database.url, sessionId)).toMatchObject({ generation: 1, revoked_at: null })
    const alarms = await query(database.url, `SELECT 1 FROM audit_events WHERE type LIKE '%replay%'`)
    expect(alarms).toHaveLength(0)
  }

  const untilServed = (browser: BrowserClient, at: string) =>
    expect.poll(async () => (await browser.send('GET', '/api/x', { at })).status, { timeout: 5000 }).toBe(200)

  test.each<[string, string[], boolean]>([
    ['full', ['CONFIG', 'SET', 'maxmemory', '1'], true],
    ['without enough replicas', ['CONFIG', 'SET', 'min-replicas-to-write', '1'], true],
    ['that is a replica now', ['REPLICAOF', '127.0.0.1', '1'], false]
  ])(
    '(%s) a session whose token must be renewed is 503 meanwhile, and there again afterwards',
    async (_, words, servesOthers) => {
      const [renewing, other] = [await signedIn(), await signedIn()]
      expect((await renewing.browser.send('GET', '/api/refuse-from-now-on')).status).toBe(200)
      await command(...words)
      const end = Date.now() + outageMs
      while (Date.now() < end) {
        for (const at of urls()) {
          const response = await renewing.browser.send('GET', '/api/x', { at })
          expect(response).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
          expect(response.headers.get('Retry-After')).toBe('1')
          if (servesOthers) expect((await other.browser.send('GET', '/api/x', { at })).status).toBe(200)
        }
        await delay(200)
      }
      expect(await readFamily(database.url, renewing.session.session_id)).toMatchObject({ generation: 0 })
      await takeWrites()
      await Promise.all(urls().map((at) => untilServed(renewing.browser, at)))
      await untilServed(other.browser, urls()[0] as string)
      await expectOneRotation(renewing.session.session_id)
    }
  )

  test('a session whose new tokens cannot be stored is served from memory, and the other replica waits for it', async () => {
    const faults = await startRedisFaults(redis.url)
    onTestFinished(() => faults.close())
    const holder = await startBff(faults.url)
    const { browser, session } = await signedIn()
    expect((await browser.send('GET', '/api/refuse-from-now-on')).status).toBe(200)
    faults.intercept({
      matches: /^EVAL .*'SET', KEYS\[1\], ARGV\[2\]/s,
      moment: 'before_sending',
      times: 1,
      action: () => command('CONFIG', 'SET', 'maxmemory', '1')
    })
    const end = Date.now() + outageMs
    do {
      expect((await browser.send('GET', '/api/x', { at: holder.url })).status).toBe(200)
      expect((await browser.send('GET', '/api/x', { at: urls()[0] as string })).status).toBe(503)
    } while (Date.now() < end)
    await expectOneRotation(session.session_id)
    // As soon as Redis accepts writes, the other replica may be the first to refresh.
    const asking = (async () => {
      for (;;) {
        const { status } = await browser.send('GET', '/api/x', { at: urls()[0] as string })
        if (status !== 503) return status
      }
    })()
    await takeWrites()
    expect(await asking).toBe(200)
    await untilServed(browser, holder.url)
    await expectOneRotation(session.session_id)
    expect(holder.logs()).toContain('a refreshed session cannot be stored yet')
    expect(holder.logs()).toContain('all refreshed sessions are stored')
    await holder.stop()
  })
})
