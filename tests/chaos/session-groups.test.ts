import { readTestEnvironment } from '@countersign/testing'
import { get, postForm, query, register, send, signIn, unverifiedClaims } from '@countersign/testing/trio'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { newApp } from '../integration/fixtures/app.ts'
import { type LogoutReceiver, startLogoutReceiver } from '../integration/fixtures/logout-receiver.ts'
import { type Fixture, startFixture } from '../interop/fixture.ts'

/** More than end in one transaction. */
const few = 1200
const many = readTestEnvironment().isSoak ? 300_000 : 10_000

type App = Awaited<ReturnType<typeof newApp>>

describe.skipIf(!inject('docker'))('very many sessions that end together', () => {
  let fixture: Fixture
  let receiver: LogoutReceiver
  let admin: string
  const held: pg.Client[] = []

  beforeAll(async () => {
    fixture = await startFixture({ env: { PAGES_URL: 'https://pages.example.com' } })
    receiver = await startLogoutReceiver()
  })
  beforeEach(async () => {
    admin = await fixture.signInAdmin()
  })
  afterAll(async () => {
    for (const client of held) await client.end()
    await receiver?.stop()
    await fixture?.stop()
  })

  const url = () => fixture.trio.auth.url
  const admins = (method: string, path: string, body?: object, at = url()) =>
    send(`${at}${path}`, {
      method,
      headers: { Authorization: `Bearer ${admin}`, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) })
    })
  const disableClient = (app: App, at = url()) =>
    admins('PATCH', `/admin/clients/${app.clientId}`, { disabled: true }, at)
  const refreshApp = (app: App, refreshToken: string | undefined) =>
    postForm(`${url()}/oauth/token`, {
      grant_type: 'refresh_token',
      client_id: app.clientId,
      refresh_token: refreshToken
    })
  const statusOf = async (token: string) => (await get(`${fixture.trio.resource.url}/me`, token)).status

  /** A user with a session of the browser and one of the app. */
  async function newSession(app: App) {
    const user = await register(fixture.issuer)
    const browser = await signIn(fixture.issuer, user)
    const tokens = await app.tokensOf(browser.access_token, 'openid offline_access')
    return { user, browser, tokens, sid: unverifiedClaims(tokens.access_token).sid as string }
  }

  /** Sessions of one user. Their ids are lower than those of others: they are in the first batches. */
  async function addSessions({ userId, clientId, count = few }: { userId: string; clientId: string; count?: number }) {
    await query(
      fixture.database.url,
      `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, idle_expires_at, absolute_expires_at, access_expires_at,
         sign_in_network, address, user_agent)
       SELECT ('00000000' || substr(gen_random_uuid()::text, 9))::uuid, $1::uuid, $2, 'openid', '{}', now() + interval '1 hour',
         now() + interval '1 hour', now() + interval '10 minutes', '', '', '' FROM generate_series(1, $3)`,
      [userId, clientId, count]
    )
  }

  const liveOf = async (column: 'user_id' | 'client_id', value: string) => {
    const rows = await query<{ count: number }>(
      fixture.database.url,
      `SELECT count(*)::int FROM refresh_token_families WHERE ${column}::text = $1 AND revoked_at IS NULL`,
      [value]
    )
    return rows[0]?.count
  }
  const endings = () => query(fixture.database.url, 'SELECT * FROM session_group_endings')
  const untilNoneIsLeft = () => expect.poll(endings, { timeout: 30_000 }).toEqual([])
  /** Exactly once each. */
  async function expectAllDenied(userId: string, count: number, reason: string) {
    const [row] = await query(
      fixture.database.url,
      `SELECT (SELECT count(*)::int FROM audit_events WHERE user_id = $1 AND type = 'session.ended' AND detail->>'reason' = $2) AS audited,
         count(r.id)::int AS entries, count(r.published_at)::int AS published
       FROM refresh_token_families f LEFT JOIN revocations r ON r.kind = 'sid' AND r.value = f.id::text
       WHERE f.user_id = $1 AND f.revoked_reason = $2`,
      [userId, reason]
    )
    expect(row).toMatchObject({ audited: count, entries: count })
  }
  /** Keeps the rows of sessions as they are, until it is called. */
  async function hold(...ids: string[]): Promise<() => Promise<void>> {
    const client = new pg.Client({ connectionString: fixture.database.url })
    held.push(client)
    await client.connect()
    await client.query('BEGIN')
    await client.query('SELECT 1 FROM refresh_token_families WHERE id = ANY($1::uuid[]) FOR UPDATE', [ids])
    return async () => {
      await client.query('COMMIT')
    }
  }

  test.each([
    ['without a receiver', false],
    ['with a receiver of back-channel logouts', true]
  ])(
    `a client of ${many} sessions is disabled, ${'%s'}: the response comes when all have ended`,
    async (_, hasReceiver) => {
      const app = await newApp(fixture, hasReceiver ? { backchannel_logout_uri: receiver.uri } : {})
      const { user, tokens, browser } = await newSession(app)
      await addSessions({ userId: user.id, clientId: app.clientId, count: many })
      let response = await disableClient(app)
      expect(response).toMatchObject({ status: 200, body: { disabled_at: expect.any(String) } })
      expect((await refreshApp(app, tokens.refresh_token)).status).toBe(401)
      if (response.body.sessions_remain) await untilNoneIsLeft()
      expect(await liveOf('client_id', app.clientId)).toBe(0)
      await expect.poll(() => statusOf(tokens.access_token)).toBe(401)
      await expectAllDenied(user.id, many + 1, 'client_ended')
      expect(await endings()).toEqual([])
      expect(await statusOf(browser.access_token)).toBe(200)
      if (!hasReceiver) return
      const [waiting] = await query<{ count: number }>(
        fixture.database.url,
        'SELECT count(DISTINCT session_id)::int AS count FROM backchannel_logouts WHERE client_id = $1',
        [app.clientId]
      )
      expect((waiting?.count ?? 0) + receiver.received.length).toBeGreaterThanOrEqual(many + 1)
      await query(fixture.database.url, 'DELETE FROM backchannel_logouts')
      response = await admins('PATCH', `/admin/clients/${app.clientId}`, { disabled: false })
      expect(response.status).toBe(200)
    }
  )
})
