import { randomUUID } from 'node:crypto'
import { readTestEnvironment } from '@countersign/testing'
import {
  get,
  post,
  postForm,
  query,
  refresh,
  register,
  send,
  signIn,
  untilReady,
  unverifiedClaims
} from '@countersign/testing/trio'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { requestWaitMs } from '../../services/auth-service/src/sessions/session-endings.ts'
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
  afterEach(async () => {
    // Also of a test that failed.
    for (const client of held.splice(0)) await client.end()
  })
  afterAll(async () => {
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
  async function unlinkByAdmin(userId: string) {
    const id = randomUUID()
    await query(
      fixture.database.url,
      `WITH p AS (INSERT INTO identity_providers (id, kind, name, issuer, client_id, scopes, authoritative_domains, trusts_amr)
         VALUES ('company', 'oidc', 'The company', 'https://company.example', 'c', '{}', '{}', false) ON CONFLICT DO NOTHING)
       INSERT INTO identities (issuer, subject, id, user_id, provider_id) VALUES ('https://company.example', $1, $2, $3, 'company')`,
      [id, id, userId]
    )
    return admins('DELETE', `/admin/users/${userId}/identities/${id}`)
  }
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
  /** All have ended with the response to the change, unless that would come too late: then the rest follows. */
  async function untilAllEnded(change: ReturnType<typeof admins>) {
    const begin = performance.now()
    const { status, body } = await change
    const took = performance.now() - begin
    expect(status).toBe(200)
    if (body.sessions_remain) {
      expect(took).toBeGreaterThan(requestWaitMs)
      await untilNoneIsLeft()
    }
    return body
  }
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

  describe('from the commit on', () => {
    test('none of them gets anything more, while their rows wait; new ones live on', async () => {
      const app = await newApp(fixture)
      const { user, browser, tokens, sid } = await newSession(app)
      await addSessions({ userId: user.id, clientId: app.clientId })
      const letGo = await hold(sid)
      // The app loses a right, and may go on with what it has left.
      const changing = untilAllEnded(admins('PATCH', `/admin/clients/${app.clientId}`, { scopes: ['things:read'] }))
      await expect.poll(() => liveOf('client_id', app.clientId), { timeout: 20_000 }).toBe(1)
      expect(await refreshApp(app, tokens.refresh_token)).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' }
      })
      const apps = await get<{ apps: { client_id: string; sessions: number }[] }>(
        `${url()}/auth/me/apps`,
        browser.access_token
      )
      expect(apps.body.apps).toMatchObject([{ client_id: app.clientId, sessions: 0 }])
      const fresh = await app.tokensOf(browser.access_token, 'openid offline_access')
      const next = await refreshApp(app, fresh.refresh_token)
      expect(next.status).toBe(200)
      await letGo()
      const { sessions_ended, sessions_remain } = await changing
      if (!sessions_remain) expect(sessions_ended).toBe(few + 1)
      await expect.poll(() => statusOf(tokens.access_token)).toBe(401)
      expect((await refreshApp(app, next.body.refresh_token as string)).status).toBe(200)
      expect(await liveOf('client_id', app.clientId)).toBe(1)
      expect(await endings()).toEqual([])
    })

    test('a session of a user whose password has changed can change nothing more; the one that changed it goes on', async () => {
      const user = await register(fixture.issuer)
      const [own, other] = [await signIn(fixture.issuer, user), await signIn(fixture.issuer, user)]
      await addSessions({ userId: user.id, clientId: 'countersign' })
      const letGo = await hold(unverifiedClaims(other.access_token).sid as string)
      const password = `another ${user.password}`
      const changing = post(
        `${url()}/auth/password`,
        { current_password: user.password, new_password: password },
        own.access_token
      )
      await expect.poll(() => liveOf('user_id', user.id), { timeout: 20_000 }).toBe(2)
      const listed = await get<{ sessions: { id: string }[] }>(`${url()}/auth/sessions`, own.access_token)
      expect(listed.body.sessions.map(({ id }) => id)).toEqual([unverifiedClaims(own.access_token).sid])
      const others = await post(`${url()}/auth/logout-others`, undefined, other.access_token)
      expect(others.status).toBe(403)
      expect((await refresh(url(), other.refresh_token)).status).toBe(400)
      await letGo()
      expect((await changing).status).toBe(204)
      await expect.poll(() => statusOf(other.access_token)).toBe(401)
      expect((await refresh(url(), own.refresh_token)).status).toBe(200)
      expect(await liveOf('user_id', user.id)).toBe(1)
    })
  })

  test.each([
    [
      'logs out everywhere',
      'logout_all',
      (_: string, token: string) => post(`${url()}/auth/logout-all`, undefined, token)
    ],
    ['is disabled', 'user_disabled', (id: string) => admins('PATCH', `/admin/users/${id}`, { disabled: true })],
    ['is signed out by an admin', 'ended_by_admin', (id: string) => admins('DELETE', `/admin/users/${id}/sessions`)],
    [
      'loses the second factors',
      'second_factors_reset',
      (id: string) => admins('DELETE', `/admin/users/${id}/second-factors`)
    ],
    ['has an identity unlinked by an admin', 'ended_by_admin', unlinkByAdmin]
  ])(`a user of ${few} sessions ${'%s'}: all have ended when the response comes`, async (_, reason, end) => {
    const user = await register(fixture.issuer)
    const session = await signIn(fixture.issuer, user)
    await addSessions({ userId: user.id, clientId: 'countersign' })
    expect((await end(user.id, session.access_token)).status).toBeLessThan(300)
    expect(await liveOf('user_id', user.id)).toBe(0)
    expect((await refresh(url(), session.refresh_token)).status).toBe(400)
    await expectAllDenied(user.id, few + 1, reason)
    await expect.poll(() => statusOf(session.access_token)).toBe(401)
    expect(await endings()).toEqual([])
  })

  test(`a user of ${few} sessions is deleted: all are denied, and nothing of the user is left`, async () => {
    const user = await register(fixture.issuer)
    const session = await signIn(fixture.issuer, user)
    await addSessions({ userId: user.id, clientId: 'countersign' })
    expect((await admins('DELETE', `/admin/users/${user.id}`)).status).toBe(204)
    expect((await admins('GET', `/admin/users/${user.id}`)).status).toBe(404)
    const [ended] = await query(
      fixture.database.url,
      `SELECT count(*)::int AS audited, count(r.id)::int AS entries FROM audit_events a
       LEFT JOIN revocations r ON r.kind = 'sid' AND r.value = a.session_id::text
       WHERE a.user_id = $1 AND a.type = 'session.ended' AND a.detail->>'reason' = 'user_deleted'`,
      [user.id]
    )
    expect(ended).toEqual({ audited: few + 1, entries: few + 1 })
    await expect.poll(() => statusOf(session.access_token)).toBe(401)
    expect(await endings()).toEqual([])
  })

  test('a replica is killed in the middle: another one ends the others, and deletes the user who was to be deleted', async () => {
    const app = await newApp(fixture)
    const { user, tokens, sid } = await newSession(app)
    const leaving = await newSession(await newApp(fixture))
    await addSessions({ userId: user.id, clientId: app.clientId })
    await addSessions({ userId: leaving.user.id, clientId: 'countersign' })
    const letGo = await hold(sid, leaving.sid)
    const victim = await fixture.trio.startAuth()
    await untilReady(victim)
    const attempts = [
      disableClient(app, victim.url),
      admins('DELETE', `/admin/users/${leaving.user.id}`, undefined, victim.url)
    ].map((attempt) => attempt.catch(() => undefined))
    await expect.poll(() => liveOf('client_id', app.clientId), { timeout: 20_000 }).toBe(1)
    await expect.poll(() => liveOf('user_id', leaving.user.id), { timeout: 20_000 }).toBe(1)
    await victim.stop('SIGKILL')
    expect(await Promise.all(attempts)).toEqual([undefined, undefined])
    // The change is there.
    expect((await refreshApp(app, tokens.refresh_token)).status).toBe(401)
    expect(
      (await post(`${url()}/auth/login`, { username: leaving.user.username, password: leaving.user.password })).status
    ).toBe(401)
    await letGo()
    await untilNoneIsLeft()
    expect(await liveOf('client_id', app.clientId)).toBe(0)
    await expect.poll(() => statusOf(tokens.access_token)).toBe(401)
    await expect.poll(() => statusOf(leaving.tokens.access_token)).toBe(401)
    await expectAllDenied(user.id, few + 1, 'client_ended')
    // By housekeeping, which is also done at the start of a replica.
    await untilReady(await fixture.trio.startAuth())
    await expect
      .poll(async () => (await admins('GET', `/admin/users/${leaving.user.id}`)).status, { timeout: 20_000 })
      .toBe(404)
  })

  test('no refresh that races with the end of its session leaves one that goes on', async () => {
    const app = await newApp(fixture)
    const user = await register(fixture.issuer)
    const browser = await signIn(fixture.issuer, user)
    const sessions = await Promise.all(
      Array.from({ length: 12 }, () => app.tokensOf(browser.access_token, 'openid offline_access'))
    )
    await addSessions({ userId: user.id, clientId: app.clientId })
    let isOver = false
    const refreshing = sessions.map(async ({ access_token, refresh_token }) => {
      const got = [access_token]
      let current = refresh_token
      while (!isOver) {
        const { status, body } = await refreshApp(app, current)
        if (status !== 200) break
        got.push(body.access_token as string)
        current = body.refresh_token as string
      }
      return { got, current }
    })
    await untilAllEnded(admins('PATCH', `/admin/clients/${app.clientId}`, { scopes: [] }))
    isOver = true
    for (const { got, current } of await Promise.all(refreshing)) {
      expect((await refreshApp(app, current)).status).toBe(400)
      for (const token of got.slice(-3)) await expect.poll(() => statusOf(token)).toBe(401)
    }
    expect(await liveOf('client_id', app.clientId)).toBe(0)
  })

  test('a group whose batches fail holds up no other', async () => {
    const [failing, other] = [await register(fixture.issuer), await register(fixture.issuer)]
    for (const { id: userId } of [failing, other]) await addSessions({ userId, clientId: 'countersign', count: 3 })
    await query(
      fixture.database.url,
      `CREATE FUNCTION fail_for_a_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'made by a test'; END $$;
       CREATE TRIGGER fail_for_a_test BEFORE UPDATE ON refresh_token_families
         FOR EACH ROW WHEN (OLD.user_id = '${failing.id}') EXECUTE FUNCTION fail_for_a_test()`
    )
    for (const { id } of [failing, other]) {
      await query(
        fixture.database.url,
        `INSERT INTO session_group_endings (user_id, before_number, reason)
         VALUES ($1, nextval('refresh_token_families_start_number_seq'), 'logout_all')`,
        [id]
      )
    }
    await expect.poll(() => liveOf('user_id', other.id), { timeout: 20_000 }).toBe(0)
    expect(await liveOf('user_id', failing.id)).toBe(3)
    await query(fixture.database.url, 'DROP FUNCTION fail_for_a_test CASCADE')
    await untilNoneIsLeft()
    expect(await liveOf('user_id', failing.id)).toBe(0)
  })
})
