import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase, createTestRedis, expectMostWithin, type TestDatabase } from '@countersign/testing'
import {
  audience,
  get,
  issuer,
  post,
  query,
  register,
  signIn,
  startTrio,
  type Trio,
  untilReady,
  usedSecrets
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { countersign } from './fixtures/countersign.ts'

interface Dashboard {
  message: string
  statistics: {
    at: string
    users: { total: number; disabled: number }
    sessions: { live: number }
    last_day: { sign_ins: number; failed_sign_ins: number; revocations: number }
    keys: { kid: string; state: string }[]
  }
  error?: string
  error_description?: string
}

const isDocker = inject('docker')

describe('the dashboard of the resource-service', () => {
  let database: TestDatabase
  let trio: Trio
  let folder: string
  let env: Record<string, string>
  let admin: string

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = isDocker ? await createTestRedis() : undefined
    folder = await mkdtemp(join(tmpdir(), 'countersign-dashboard-'))
    const [key, jwks] = [join(folder, 'key.pem'), join(folder, 'jwks.json')]
    await countersign(['clients', 'make-key', '--out-private', key, '--out-jwks', jwks])
    env = { DATABASE_URL: database.url, ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }) }
    const policy = ['--scope', 'statistics:read', '--audience', issuer, '--resource', audience]
    const args = ['clients', 'create', 'resource-service', '--jwks-file', jwks, ...policy]
    expect((await countersign(args, { env })).code).toBe(0)
    const privateKey = await readFile(key, 'utf8')
    usedSecrets.add(privateKey.split('\n')[1] as string)
    trio = await startTrio({ databaseUrl: database.url, redisUrl, env: { SERVICE_CLIENT_KEY: privateKey } })
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  const show = (url = trio.resource.url) => get<Dashboard>(`${url}/admin/dashboard`, admin)
  const statusOfDashboard = async () => (await show()).status
  const clients = (command: string) => countersign(['clients', command, 'resource-service'], { env })
  /** After a failure the service waits for at most 5 s. */
  const recovery = { timeout: 10_000, interval: 100 }

  /** Requests for tokens that the auth-service has served so far. */
  const tokenRequests = () =>
    trio
      .logs()
      .split('\n')
      .filter((line) => line.includes('"route":"/oauth/token"')).length

  function expectUnavailable(response: Awaited<ReturnType<typeof show>>, words: RegExp): void {
    expect(response).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    expect(response.body.error_description).toMatch(words)
    expect(response.headers.get('Retry-After')).toMatch(/^[1-9]\d?$/)
    expect(response.headers.get('WWW-Authenticate')).toBeNull()
  }

  /** How long it takes to say that the auth-service cannot be reached, in milliseconds. */
  async function timeOfFailure(url: string): Promise<number> {
    const since = performance.now()
    expectUnavailable(await show(url), /cannot be reached/)
    return performance.now() - since
  }

  test('shows what the auth-service counts, however many look, with one token of its own', async () => {
    const { status, body: before, headers } = await show()
    expect(status).toBe(200)
    expect(headers.get('Cache-Control')).toBe('no-store')
    expect(before.message).toBe('Hello, admin.')

    const user = await register(trio.auth.url)
    const sessions = [await signIn(trio.auth.url, user), await signIn(trio.auth.url, user)]
    await post(`${trio.auth.url}/auth/login`, { username: user.username, password: 'not the password' })
    await post(`${trio.auth.url}/auth/logout`, undefined, sessions[0]?.access_token)
    const { statistics: then } = before
    const { statistics: now } = (await show()).body
    expect(now).toEqual({
      at: expect.any(String),
      users: { total: then.users.total + 1, disabled: 0 },
      sessions: { live: then.sessions.live + 1 },
      last_day: {
        sign_ins: then.last_day.sign_ins + 2,
        failed_sign_ins: then.last_day.failed_sign_ins + 1,
        revocations: then.last_day.revocations + 1
      },
      keys: expect.any(Array)
    })
    expect(then.users.total).toBe(1)
    expect(Math.abs(Date.parse(now.at) - Date.now())).toBeLessThan(60_000)
    const rows = await query<{ kid: string }>(database.url, 'SELECT kid FROM signing_keys')
    expect(now.keys.map(({ kid }) => kid).sort()).toEqual(rows.map(({ kid }) => kid).sort())

    const responses = await Promise.all(Array.from({ length: 20 }, () => show()))
    expect(new Set(responses.map((response) => response.status))).toEqual(new Set([200]))
    expect(tokenRequests()).toBe(1)
  })

  test('is 503 with the cause "refused" while its client is disabled, and works again when it is enabled', async () => {
    expect(await statusOfDashboard()).toBe(200)
    expect((await clients('disable')).code).toBe(0)
    onTestFinished(async () => {
      await clients('enable')
    })
    // Without Redis the token is refused within the seconds that its revocation takes.
    await expect.poll(statusOfDashboard, { timeout: 6_000, interval: 50 }).toBe(503)
    expectUnavailable(await show(), /rejected the credentials/)
    await clients('enable')
    await expect.poll(statusOfDashboard, recovery).toBe(200)
  })

  test.skipIf(!isDocker)(
    'is 503 with a cause while the auth-service is stopped, and works when it is back',
    async () => {
      expect(await statusOfDashboard()).toBe(200)
      const { port } = new URL(trio.auth.url)
      await trio.auth.stop()
      await expectMostWithin(1_000, () => timeOfFailure(trio.resource.url))
      expect((await get(`${trio.resource.url}/me`, admin)).status).toBe(200)

      const back = await trio.startAuth({ PORT: port })
      await untilReady(back)
      expect(await statusOfDashboard()).toBe(200)
    }
  )

  test.skipIf(!isDocker)('is 503 within about 3 s while the auth-service hangs', async () => {
    await expectMostWithin(4_500, async () => {
      // A new one each time, since it remembers for a while that the issuer does not respond.
      const resource = await trio.startResource({ AUTH_URL: await listenInSilence() })
      await untilReady(resource)
      const waited = await timeOfFailure(resource.url)
      await resource.stop()
      expect(waited).toBeGreaterThan(2_500)
      return waited
    })
  })

  test.skipIf(!isDocker)('is 503 with a cause for a key that is not registered, and for none', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const stranger = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
    for (const [key, words] of [
      [stranger, /rejected the credentials/],
      ['', /no key of its own \(SERVICE_CLIENT_KEY\)/]
    ] as const) {
      const resource = await trio.startResource({ SERVICE_CLIENT_KEY: key })
      await untilReady(resource)
      expectUnavailable(await show(resource.url), words)
      await resource.stop()
    }
    await expect(trio.startResource({ SERVICE_CLIENT_KEY: 'c2VjcmV0LXNlY3JldA' })).rejects.toThrow(
      /SERVICE_CLIENT_KEY must be a private key/
    )
  })

  test('no token, assertion or key is in the logs', () => {
    expect(trio.logs()).toContain('"route":"/admin/dashboard"')
    expect(trio.logs()).not.toMatch(/eyJ[\w-]{10,}/)
    expect(trio.logs()).not.toMatch(/PRIVATE KEY|"d":/)
  })
})

/** A server that accepts every connection and never responds. */
async function listenInSilence(): Promise<string> {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
