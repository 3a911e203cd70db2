/** For each API of a page, the bff-service exchanges the one refresh token of the session, which the issuer rotates each time. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestRedis, type Exchange, type Interception, startRedisFaults } from '@countersign/testing'
import {
  createBrowserClient,
  post,
  query,
  readFamily,
  register,
  type ServiceProcess,
  send,
  untilReady
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { type LiveApi, startLiveApi } from '../integration/fixtures/live-api.ts'
import { type Fixture, startFixture } from '../interop/fixture.ts'

const publicUrl = 'http://localhost:4002'
const [reports, stock] = ['https://reports.example', 'urn:example:stock']
const paths = { first: '/api/x', reports: '/api/reports/x', stock: '/stock/x' }

type Point = Pick<Interception<Exchange>, 'matches' | 'moment'>
/** The scripts by which a replica begins and stores a renewal. */
const claim = /^EVAL .*return \{current, holder\}/s
const replace = /^EVAL .*'SET', KEYS\[1\], ARGV\[2\]/s

describe.skipIf(!inject('docker'))('the tokens for the APIs of a page', () => {
  let fixture: Fixture
  let redisUrl: string
  let folder: string
  let apis: LiveApi[]
  let replicas: ServiceProcess[]
  let startBff: (redis: string) => Promise<ServiceProcess>
  let admin: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-routes-'))
    redisUrl = await createTestRedis()
    fixture = await startFixture({ ownRedisUrl: redisUrl })
    const { issuer, audience } = fixture
    admin = await fixture.signInAdmin()
    apis = await Promise.all([audience, reports, stock].map((name) => startLiveApi({ issuer, audience: name })))
    const [firstUrl, reportsUrl, stockUrl] = apis.map(({ url }) => url) as [string, string, string]
    const scopes = [{ name: 'read', description: 'A sentence.' }]
    for (const identifier of [reports, stock]) await makeAsAdmin('/apis', { identifier, scopes })
    await makeAsAdmin('/roles', { name: 'reader', scopes: [reports, stock].map((api) => ({ api, scope: 'read' })) })
    const routes = [
      { prefix: '/api/reports', url: reportsUrl, api: reports },
      { prefix: '/stock', url: stockUrl, api: stock }
    ]
    const file = join(folder, 'routes.json')
    await writeFile(file, JSON.stringify({ routes }))
    startBff = async (redis) => {
      const env = { REDIS_URL: redis, PUBLIC_URL: publicUrl, API_URL: firstUrl, ROUTES_FILE: file }
      const bff = await fixture.trio.startBff(env)
      await untilReady(bff)
      return bff
    }
    replicas = await Promise.all([startBff(redisUrl), startBff(redisUrl)])
  })
  afterAll(async () => {
    await Promise.all((apis ?? []).map((api) => api.close()))
    await fixture?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function makeAsAdmin(path: string, body: object): Promise<void> {
    expect((await post(`${fixture.issuer}/admin${path}`, body, admin)).status).toBe(201)
  }

  /** A browser in which a user with rights at all APIs is signed in. */
  async function signedIn(bff: ServiceProcess) {
    const user = await register(fixture.issuer)
    const headers = { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' }
    const body = JSON.stringify({ roles: ['reader'] })
    expect((await send(`${fixture.issuer}/admin/users/${user.id}`, { method: 'PATCH', headers, body })).status).toBe(
      200
    )
    const browser = createBrowserClient(publicUrl, bff.url)
    return { browser, session: await browser.signIn(user) }
  }

  async function expectRotations(sessionId: string, generation: number): Promise<void> {
    expect(await readFamily(fixture.database.url, sessionId)).toMatchObject({ generation, revoked_at: null })
    const alarms = `SELECT 1 FROM audit_events WHERE session_id = $1 AND type LIKE '%replay%'`
    expect(await query(fixture.database.url, alarms, [sessionId])).toEqual([])
  }

  test('come for fifty requests at once, over two replicas, by one rotation for each API', async () => {
    const [one, other] = replicas as [ServiceProcess, ServiceProcess]
    const { browser, session } = await signedIn(one)
    const all = Object.values(paths)
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        browser.send('GET', all[i % all.length] as string, { at: (i % 2 ? one : other).url })
      )
    )
    expect(responses.filter(({ status }) => status !== 200)).toEqual([])
    await expectRotations(session.session_id, 2)
  })

  test.each<[string, Point]>([
    ['before it claims the renewal', { matches: claim, moment: 'before_sending' }],
    ['when it has claimed the renewal', { matches: claim, moment: 'before_answering' }],
    ['when the issuer has rotated, and nothing is stored', { matches: replace, moment: 'before_sending' }],
    ['after the token is stored, before the response', { matches: replace, moment: 'before_answering' }]
  ])('come from another replica if one is killed %s', async (_, point) => {
    const faults = await startRedisFaults(redisUrl)
    onTestFinished(() => faults.close())
    const victim = await startBff(faults.url)
    const { browser, session } = await signedIn(victim)
    const killed = new Promise<void>((resolve) => {
      faults.intercept({
        ...point,
        async action(exchange) {
          await victim.stop('SIGKILL')
          exchange.cut()
          resolve()
        }
      })
    })
    await expect(browser.send('GET', paths.reports, { at: victim.url })).rejects.toThrow()
    await killed
    const at = (replicas[0] as ServiceProcess).url
    const responses = await Promise.all(Object.values(paths).map((path) => browser.send('GET', path, { at })))
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200])
    // The rotation whose token was lost is repeated, and is no second one.
    await expectRotations(session.session_id, 2)
  })
})
