import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestDatabase, createTestRedis, findLastingPort, type TestDatabase } from '@countersign/testing'
import { startRedisContainer } from '@countersign/testing/containers'
import { startTrio, type Trio } from '@countersign/testing/trio'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { countersign } from './fixtures/countersign.ts'
import { mailPassword, mailUser, refusal, startMailServer } from './fixtures/mail-server.ts'

interface Finding {
  check: string
  state: string
  text: string
}
type Document = { findings: Finding[]; error?: string }

describe.skipIf(!inject('docker'))('countersign doctor', () => {
  const masterKey = randomBytes(32).toString('base64')
  let database: TestDatabase
  let trio: Trio
  let redis: Awaited<ReturnType<typeof startRedisContainer>>
  let issuer: string
  let port: number

  beforeAll(async () => {
    database = await createTestDatabase()
    redis = await startRedisContainer()
    port = await findLastingPort()
    issuer = `http://127.0.0.1:${port}`
    const env = {
      COUNTERSIGN_MASTER_KEY: masterKey,
      ISSUER: issuer,
      PORT: String(port),
      API_AUDIENCE: 'http://api.test'
    }
    trio = await startTrio({ databaseUrl: database.url, redisUrl: redis.url, env: { ...env, PORT: '0' } })
    await trio.startAuth(env)
  })
  afterAll(async () => {
    await trio?.stop()
    await redis?.stop()
    await database?.drop()
  })

  const healthy = () => ({
    ISSUER: issuer,
    DATABASE_URL: database.url,
    COUNTERSIGN_MASTER_KEY: masterKey,
    REDIS_URL: redis.url
  })
  const examine = (env: Record<string, string>, ...args: string[]) =>
    countersign<Document>(['doctor', '--json', ...args], { env: { ...healthy(), ...env } })

  /** The reported faults, by their checks. */
  async function faultsOf(env: Record<string, string>, ...args: string[]): Promise<Record<string, string>> {
    const { code, document } = await examine(env, ...args)
    expect(code).toBe(3)
    expect(document.error).toBe('faults_found')
    const failed = document.findings.filter(({ state }) => state === 'failed')
    return Object.fromEntries(failed.map(({ check, text }) => [check, text]))
  }

  async function commandAtRedis(...command: string[]): Promise<void> {
    const client = createClient({ url: redis.url })
    await client.connect()
    await client.sendCommand(command)
    client.destroy()
  }

  async function startResponding(respond: (path: string) => [number, Record<string, string>, string]): Promise<string> {
    const server = createServer((request, response) => {
      const [status, headers, body] = respond(request.url ?? '')
      response.writeHead(status, headers).end(body)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  test('finds no fault in a healthy installation, and lists its checks', async () => {
    const { code, document } = await examine({})
    expect(document.findings.filter(({ state }) => state !== 'ok')).toEqual([])
    expect(document.findings.map(({ check }) => check)).toEqual([
      'metadata',
      'keys',
      'issuer_clock',
      'database',
      'database_clock',
      'master_key',
      'redis',
      'redis_clock',
      'redis_policy',
      'redis_writes',
      'redis_rights',
      'feed'
    ])
    expect(code).toBe(0)
    const { stdout, stderr } = await countersign(['doctor'], { env: healthy() })
    expect(stdout).toMatch(/^Nothing is wrong\./)
    expect(stderr).toMatch(/^ok +metadata +http/m)
  })

  test('signs in to the mail server, names the sender, and sends nothing', async () => {
    const server = await startMailServer()
    onTestFinished(() => server.stop())
    const mail = { MAIL_FROM: 'a@example.com', PAGES_URL: 'https://app.example.com' }
    const urlOf = (password: string, tls: string) =>
      `smtp://${mailUser}:${password}@localhost:${server.port}?tls=${tls}`
    const password = encodeURIComponent(mailPassword)
    const { code, document } = await examine({ ...mail, SMTP_URL: urlOf(password, 'never') })
    expect({ code, last: document.findings.at(-1) }).toEqual({
      code: 0,
      last: {
        check: 'mail',
        state: 'ok',
        text: 'The mail server responds, without TLS, accepts the password, and accepts the sender in MAIL_FROM.'
      }
    })
    const senders: string[] = []
    server.onSender((address) => {
      senders.push(address)
      throw refusal(553)
    })
    expect(await faultsOf({ ...mail, SMTP_URL: urlOf(password, 'never') })).toEqual({
      mail: expect.stringMatching(/refuses the sender in MAIL_FROM \(553\)/)
    })
    expect(senders).toEqual(['a@example.com'])
    const anonymous = `smtp://localhost:${server.port}?tls=never`
    expect(await faultsOf({ ...mail, SMTP_URL: anonymous })).toEqual({
      mail: expect.stringMatching(/refuses the sender in MAIL_FROM \(530\)\. Does it ask for a user/)
    })
    expect(await faultsOf({ ...mail, SMTP_URL: urlOf('wrong', 'never') })).toEqual({
      mail: 'The mail server refuses the user or the password in SMTP_URL (EAUTH 535).'
    })
    // This process does not trust the certificate.
    expect(await faultsOf({ ...mail, SMTP_URL: urlOf(password, 'required') })).toEqual({
      mail: expect.stringContaining('its certificate is not trusted')
    })
    expect((await examine({ SMTP_URL: urlOf(password, 'never') })).code).toBe(2)
    expect(server.received).toEqual([])
  })

  test('checks only what it is given', async () => {
    const { code, document } = await countersign<Document>(['doctor', '--json', '--issuer', issuer])
    expect(code).toBe(0)
    expect(document.findings.filter(({ state }) => state === 'skipped').map(({ check }) => check)).toEqual([
      'database',
      'redis'
    ])
  })

  test('1: the wrong port of the issuer', async () => {
    const faults = await faultsOf({ ISSUER: `http://127.0.0.1:${await findLastingPort()}` })
    expect(faults).toEqual({ metadata: expect.stringContaining('nothing listens at this host and port') })
  })

  test('2: https where the issuer speaks http', async () => {
    const faults = await faultsOf({ ISSUER: issuer.replace('http:', 'https:') })
    expect(faults).toEqual({ metadata: expect.stringContaining('the server speaks plain http there') })
  })

  test('3: an issuer that goes by another name', async () => {
    const faults = await faultsOf({ ISSUER: issuer.replace('127.0.0.1', 'localhost') }, '--address', issuer)
    expect(faults.metadata).toContain(`is "${issuer}", expected "${issuer.replace('127.0.0.1', 'localhost')}"`)
  })

  test('4: an issuer that redirects', async () => {
    const url = await startResponding(() => [301, { Location: `${issuer}/x` }, ''])
    expect(await faultsOf({ ISSUER: url })).toEqual({ metadata: expect.stringContaining(`a redirect to ${issuer}/x`) })
  })

  test('5: a clock that is ahead, and 6: a key set without keys', async () => {
    let url = ''
    url = await startResponding((path) => [
      200,
      { 'Content-Type': 'application/json', Date: new Date(Date.now() + 3_600_000).toUTCString() },
      JSON.stringify(path.endsWith('jwks.json') ? { keys: [] } : { issuer: url, jwks_uri: `${url}/jwks.json` })
    ])
    const faults = await faultsOf({ ISSUER: url })
    expect(faults.issuer_clock).toMatch(/is 3(?:599|600|601) s ahead of this machine's/)
    expect(faults.keys).toContain('There is no RSA signing key')
  })

  test('7: the password of the database', async () => {
    const url = new URL(database.url)
    url.username = 'nobody'
    url.password = 'wrong'
    const faults = await faultsOf({ DATABASE_URL: url.href })
    expect(faults).toEqual({ database: 'The database refuses the user or the password in DATABASE_URL.' })
  })

  test('8: a database that is not migrated, or there is none', async () => {
    const url = new URL(database.url)
    url.pathname = '/postgres'
    expect((await faultsOf({ DATABASE_URL: url.href })).database).toContain('Run: countersign migrate')
    url.pathname = '/nothing_here'
    expect((await faultsOf({ DATABASE_URL: url.href })).database).toContain('does not exist')
  })

  test('9: another master key', async () => {
    const faults = await faultsOf({ COUNTERSIGN_MASTER_KEY: randomBytes(32).toString('base64') })
    expect(faults).toEqual({ master_key: expect.stringContaining('sealed under another one') })
  })

  test('10: an issuer that works on another database', async () => {
    const other = await createTestDatabase()
    onTestFinished(() => other.drop())
    const second = await startTrio({ databaseUrl: other.url, redisUrl: await createTestRedis() })
    onTestFinished(() => second.stop())
    const { master_key: _, ...faults } = await faultsOf({ DATABASE_URL: other.url })
    expect(faults).toEqual({ same_database: expect.stringContaining('it works on another database') })
  })

  test('11: the port, and 12: the password of Redis', async () => {
    const url = new URL(redis.url)
    url.port = String(await findLastingPort())
    expect(await faultsOf({ REDIS_URL: url.href })).toEqual({ redis: expect.stringContaining('(ECONNREFUSED)') })
    const other = new URL(redis.url)
    other.username = 'nobody'
    other.password = 'wrong'
    expect(await faultsOf({ REDIS_URL: other.href })).toEqual({ redis: expect.stringContaining('(WRONGPASS)') })
  })

  test('13: a Redis that evicts, and 14: one that is full', async () => {
    await commandAtRedis('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    expect((await faultsOf({})).redis_policy).toContain('maxmemory-policy is allkeys-lru, expected noeviction')
    await commandAtRedis('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await commandAtRedis('CONFIG', 'SET', 'maxmemory', '1')
    expect((await faultsOf({})).redis_writes).toContain('Redis is full')
    await commandAtRedis('CONFIG', 'SET', 'maxmemory', '0')
  })

  test('15: a replica', async () => {
    const replica = await startRedisContainer()
    onTestFinished(() => replica.stop())
    await replica.exec(['redis-cli', 'replicaof', '127.0.0.1', '1'])
    expect(await faultsOf({ REDIS_URL: replica.url })).toEqual({ redis: expect.stringContaining('leads to a replica') })
  })

  test('16: a Redis that no issuer publishes to, and 17: a user without the rights', async () => {
    const other = await startRedisContainer()
    onTestFinished(() => other.stop())
    expect(await faultsOf({ REDIS_URL: other.url })).toEqual({
      feed: expect.stringContaining('no issuer publishes to it')
    })
    const rule = ['acl', 'setuser', 'reader', 'on', '>secret', '~*', '+info', '+time', '+mget', '+hello', '+ping']
    await other.exec(['redis-cli', ...rule])
    const url = new URL(other.url)
    url.username = 'reader'
    url.password = 'secret'
    expect((await faultsOf({ REDIS_URL: url.href })).redis_rights).toContain("'xread'")
  })

  test('says no secret', async () => {
    const { stdout, stderr } = await countersign(['doctor'], {
      env: { ...healthy(), REDIS_URL: 'redis://u:hidden@127.0.0.1:1' }
    })
    expect(stdout + stderr).not.toMatch(/hidden|wrong/)
    expect(stdout + stderr).not.toContain(masterKey)
  })
})
