import { createTestDatabase, createTestRedis, expectRefusedWithin, type TestDatabase } from '@countersign/testing'
import {
  ageSessions,
  type Credentials,
  get,
  post,
  query,
  readFamily,
  refresh,
  register,
  send,
  signIn,
  startTrio,
  type Trio,
  unverifiedClaims,
  usedSecrets
} from '@countersign/testing/trio'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'

interface SessionList {
  next_cursor: string | null
  sessions: { id: string; current: boolean; created_at: string; address: string; user_agent: string }[]
}

describe('accounts and sessions', () => {
  let database: TestDatabase
  let trio: Trio
  let user: Credentials & { id: string }

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl,
      env: { REGISTRATIONS_PER_ADDRESS: '1000', SESSIONS_PER_USER: '5' }
    })
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })
  beforeEach(async () => {
    user = await register(trio.auth.url)
  })

  const me = (accessToken: string) => get(`${trio.resource.url}/me`, accessToken)

  const statusOfMe = async (accessToken: string) => (await me(accessToken)).status

  test('the main job: register, sign in, be recognised, refresh, sign out, be refused', async () => {
    const credentials = { username: 'Wanda', password: 'a perfectly fine password' }
    usedSecrets.add(credentials.password)
    const registered = await post(`${trio.auth.url}/auth/register`, { ...credentials, email: 'wanda@example.com' })
    expect(registered.status).toBe(201)
    expect(registered.body).toEqual({ id: expect.any(String), username: 'Wanda', roles: [] })

    const tokens = await signIn(trio.auth.url, credentials)
    const members = ['access_token', 'device_token', 'expires_in', 'refresh_token', 'scope', 'token_type']
    expect(Object.keys(tokens).sort()).toEqual(members)
    const recognised = await me(tokens.access_token)
    expect(recognised).toMatchObject({
      status: 200,
      body: {
        id: registered.body.id,
        username: 'Wanda',
        roles: [],
        scope: 'account',
        session_id: unverifiedClaims(tokens.access_token).sid
      }
    })
    const refreshed = await refresh(trio.auth.url, tokens.refresh_token)
    expect((await me(refreshed.body.access_token)).status).toBe(200)

    expect((await post(`${trio.auth.url}/auth/logout`, undefined, refreshed.body.access_token)).status).toBe(204)
    await expectRefusedWithin(100, () => statusOfMe(refreshed.body.access_token))
    const refused = await me(tokens.access_token)
    expect(refused).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    expect(refused.headers.get('WWW-Authenticate')).toMatch(/^Bearer .*error="invalid_token".*resource_metadata="/)
    expect(await refresh(trio.auth.url, refreshed.body.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' }
    })
  })

  test.each([' ', '\u00a0', '\t'])(
    'a name that is typed with %j behind it is the name: at registration, at sign-in, in the audit log',
    async (space) => {
      const { username, password, id } = user
      const failures = () =>
        query(database.url, "SELECT 1 FROM audit_events WHERE type = 'sign_in.failed' AND user_id = $1", [id])
      for (let i = 0; i < 12; i++) await signIn(trio.auth.url, { username: `${username}${space}`, password })
      expect(await failures()).toEqual([])
      const again = await post(`${trio.auth.url}/auth/register`, { username: `${space}${username}`, password })
      expect(again.status).toBe(409)
      const email = `${username}@example.com`
      const other = { username: `${username}.2${space}`, password, email: `${space}${email}${space}` }
      expect(await post(`${trio.auth.url}/auth/register`, other)).toMatchObject({
        status: 201,
        body: { username: `${username}.2` }
      })
      expect(await query(database.url, 'SELECT username FROM users WHERE email = $1', [email])).toHaveLength(1)
    }
  )

  test('a password that is the name is refused, with a space behind the name too', async () => {
    const body = { username: 'margaret-hamilton ', password: 'margaret-hamilton' }
    expect(await post(`${trio.auth.url}/auth/register`, body)).toMatchObject({ status: 400 })
  })

  test('an access token holds the claims of RFC 9068 and nothing personal beyond the username', async () => {
    await query(database.url, "UPDATE users SET email = 'secret@example.com' WHERE id = $1", [user.id])
    const { access_token: token } = await signIn(trio.auth.url, user)
    const header = JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString())
    expect(header).toEqual({ alg: 'RS256', kid: expect.any(String), typ: 'at+jwt' })
    const claims = unverifiedClaims(token)
    expect(Object.keys(claims).sort()).toEqual(
      [
        ...['iss', 'sub', 'aud', 'client_id', 'iat', 'exp', 'jti', 'sid', 'scope', 'roles', 'preferred_username'],
        ...['auth_time', 'acr', 'amr']
      ].sort()
    )
    expect(claims).toMatchObject({
      auth_time: claims.iat,
      acr: 'urn:countersign:acr:1',
      amr: ['pwd'],
      iss: 'http://issuer.test',
      sub: user.id,
      aud: ['http://api.test', 'http://issuer.test']
    })
    expect(claims.exp - claims.iat).toBe(600)
  })

  test('every wrong pair of username and password gets one and the same 401', async () => {
    await query(database.url, 'UPDATE users SET disabled_at = now() WHERE username = $1', [
      (await register(trio.auth.url)).username
    ])
    const disabled = await register(trio.auth.url)
    await query(database.url, 'UPDATE users SET disabled_at = now() WHERE id = $1', [disabled.id])
    const responses = await Promise.all([
      post(`${trio.auth.url}/auth/login`, { username: user.username, password: 'wrong password' }),
      post(`${trio.auth.url}/auth/login`, { username: 'nobody-of-this-name', password: 'wrong password' }),
      post(`${trio.auth.url}/auth/login`, { username: disabled.username, password: disabled.password })
    ])
    for (const response of responses) {
      expect(response.status).toBe(401)
      expect(response.body).toEqual(responses[0]?.body)
    }
  })

  test('a username is taken in every case of its letters; an e-mail address never is', async () => {
    const other = { username: user.username.toUpperCase(), password: user.password }
    expect(await post(`${trio.auth.url}/auth/register`, other)).toMatchObject({
      status: 409,
      body: { error: 'username_taken' }
    })
    for (const username of ['mail-one', 'mail-two']) {
      const body = { username, password: user.password, email: 'one@example.com' }
      expect((await post(`${trio.auth.url}/auth/register`, body)).status).toBe(201)
    }
  })

  test('lists the live sessions, the newest first, and says which is the current one', async () => {
    const first = await signIn(trio.auth.url, user)
    const second = await signIn(trio.auth.url, user)
    const { body } = await get<SessionList>(`${trio.auth.url}/auth/sessions`, first.access_token)
    const ids = [second, first].map(({ access_token }) => unverifiedClaims(access_token).sid)
    expect(body.sessions.map(({ id, current }) => ({ id, current }))).toEqual([
      { id: ids[0], current: false },
      { id: ids[1], current: true }
    ])
    expect(body.sessions[0]).toMatchObject({ client_id: 'countersign', address: '127.0.0.1', user_agent: 'node' })
  })

  test('ends another of the own sessions, and never one of somebody else', async () => {
    const [mine, myOther] = [await signIn(trio.auth.url, user), await signIn(trio.auth.url, user)]
    const stranger = await signIn(trio.auth.url, await register(trio.auth.url))
    const remove = (id: string) =>
      send(`${trio.auth.url}/auth/sessions/${id}`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${mine.access_token}` }
      })
    expect((await remove(unverifiedClaims(myOther.access_token).sid)).status).toBe(204)
    await expectRefusedWithin(100, () => statusOfMe(myOther.access_token))
    expect((await remove(unverifiedClaims(myOther.access_token).sid)).status).toBe(404)
    expect((await remove(unverifiedClaims(stranger.access_token).sid)).status).toBe(404)
    expect((await me(stranger.access_token)).status).toBe(200)
    expect((await me(mine.access_token)).status).toBe(200)
  })

  test('logout-all ends every session of the user and of no one else', async () => {
    const sessions = [
      await signIn(trio.auth.url, user),
      await signIn(trio.auth.url, user),
      await signIn(trio.auth.url, user)
    ]
    const stranger = await signIn(trio.auth.url, await register(trio.auth.url))
    expect((await post(`${trio.auth.url}/auth/logout-all`, undefined, sessions[1]?.access_token)).status).toBe(204)
    for (const { access_token, refresh_token } of sessions) {
      await expectRefusedWithin(100, () => statusOfMe(access_token))
      expect((await refresh(trio.auth.url, refresh_token)).status).toBe(400)
    }
    expect((await me(stranger.access_token)).status).toBe(200)
  })

  test('lists the live sessions in pages', async () => {
    const sids: string[] = []
    let token = ''
    for (let i = 0; i < 3; i++) {
      token = (await signIn(trio.auth.url, user)).access_token
      sids.unshift(unverifiedClaims(token).sid)
    }
    const page = async (search: string) =>
      (await get<SessionList>(`${trio.auth.url}/auth/sessions${search}`, token)).body
    const first = await page('?limit=2')
    expect(first.sessions.map(({ id, current }) => ({ id, current }))).toEqual([
      { id: sids[0], current: true },
      { id: sids[1], current: false }
    ])
    const second = await page(`?limit=2&cursor=${first.next_cursor}`)
    expect(second).toMatchObject({ sessions: [{ id: sids[2] }], next_cursor: null })
    expect(await page('')).toEqual({ sessions: [...first.sessions, ...second.sessions], next_cursor: null })
  })

  test('logout-others ends every other session of the user, and keeps this one', async () => {
    const others = [await signIn(trio.auth.url, user), await signIn(trio.auth.url, user)]
    const own = await signIn(trio.auth.url, user)
    const stranger = await signIn(trio.auth.url, await register(trio.auth.url))
    const logoutOthers = () => post(`${trio.auth.url}/auth/logout-others`, undefined, own.access_token)
    expect((await logoutOthers()).status).toBe(204)
    const sids = others.map(({ access_token }) => unverifiedClaims(access_token).sid).sort()
    for (const { access_token, refresh_token } of others) {
      await expectRefusedWithin(100, () => statusOfMe(access_token))
      expect((await refresh(trio.auth.url, refresh_token)).status).toBe(400)
    }
    expect((await me(own.access_token)).status).toBe(200)
    expect((await refresh(trio.auth.url, own.refresh_token)).status).toBe(200)
    expect((await me(stranger.access_token)).status).toBe(200)
    expect((await logoutOthers()).status).toBe(204)
    expect(
      await query(
        database.url,
        `SELECT session_id, actor_id, detail FROM audit_events
         WHERE user_id = $1 AND type = 'session.ended' ORDER BY session_id`,
        [user.id]
      )
    ).toEqual(sids.map((sid) => ({ session_id: sid, actor_id: null, detail: { reason: 'logout_others' } })))
    const denied = await query<{ value: string }>(
      database.url,
      "SELECT value FROM revocations WHERE kind = 'sid' AND value = ANY($1) ORDER BY value",
      [[...sids, unverifiedClaims(own.access_token).sid]]
    )
    expect(denied.map(({ value }) => value)).toEqual(sids)
  })

  test('of sessions that all end the others at once, one stays', async () => {
    const sessions = await Promise.all(Array.from({ length: 4 }, () => signIn(trio.auth.url, user)))
    const responses = await Promise.all(
      sessions.map(({ access_token }) => post(`${trio.auth.url}/auth/logout-others`, undefined, access_token))
    )
    // The others find that they have ended: before they are handled, or while they wait for their turn.
    expect(responses.filter(({ status }) => status === 204)).toHaveLength(1)
    expect(responses.filter(({ status }) => [401, 403].includes(status))).toHaveLength(3)
    const live = await query<{ id: string }>(
      database.url,
      'SELECT id FROM refresh_token_families WHERE user_id = $1 AND revoked_at IS NULL',
      [user.id]
    )
    const winner = sessions[responses.findIndex(({ status }) => status === 204)]
    expect(live).toEqual([{ id: unverifiedClaims(winner?.access_token as string).sid }])
  })

  test('logs out by the refresh token when the access token has expired, and again without harm', async () => {
    const tokens = await signIn(trio.auth.url, user)
    const logout = () => post(`${trio.auth.url}/auth/logout`, { refresh_token: tokens.refresh_token })
    expect((await logout()).status).toBe(204)
    await expectRefusedWithin(100, () => statusOfMe(tokens.access_token))
    expect((await logout()).status).toBe(204)
    const [, end] = /(..)$/.exec(tokens.refresh_token) as unknown as [string, string]
    const forged = tokens.refresh_token.slice(0, -2) + (end === 'AA' ? 'BA' : 'AA')
    expect(await post(`${trio.auth.url}/auth/logout`, { refresh_token: forged })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' }
    })
  })

  test('a new password needs the current one and ends all other sessions', async () => {
    const [here, there] = [await signIn(trio.auth.url, user), await signIn(trio.auth.url, user)]
    const change = (current_password: string, new_password: string) =>
      post(`${trio.auth.url}/auth/password`, { current_password, new_password }, here.access_token)
    const newPassword = 'quite another password'
    usedSecrets.add(newPassword)
    expect(await change('not the password', newPassword)).toMatchObject({
      status: 400,
      body: { issues: [{ path: 'current_password' }] }
    })
    expect(await change(user.password, 'password123')).toMatchObject({
      status: 400,
      body: { issues: [{ path: 'new_password' }] }
    })
    expect((await me(there.access_token)).status).toBe(200)

    expect((await change(user.password, newPassword)).status).toBe(204)
    await expectRefusedWithin(100, () => statusOfMe(there.access_token))
    expect((await refresh(trio.auth.url, there.refresh_token)).status).toBe(400)
    expect((await me(here.access_token)).status).toBe(200)
    expect((await refresh(trio.auth.url, here.refresh_token)).status).toBe(200)
    expect(
      (await post(`${trio.auth.url}/auth/login`, { username: user.username, password: user.password })).status
    ).toBe(401)
    await signIn(trio.auth.url, { username: user.username, password: newPassword })
  })

  test('of two parallel password changes one wins, and its password is the one that works', async () => {
    const tokens = await signIn(trio.auth.url, user)
    const candidates = ['the first new password', 'the second new password']
    for (const candidate of candidates) usedSecrets.add(candidate)
    const responses = await Promise.all(
      candidates.map((new_password) =>
        post(`${trio.auth.url}/auth/password`, { current_password: user.password, new_password }, tokens.access_token)
      )
    )
    const winner = responses.findIndex(({ status }) => status === 204)
    expect(responses.filter(({ status }) => status === 204)).toHaveLength(1)
    expect([400, 409]).toContain(responses[1 - winner]?.status)
    await signIn(trio.auth.url, { username: user.username, password: candidates[winner] as string })
  })

  test('past the limit of live sessions the oldest ends, also when the sign-ins are parallel', async () => {
    const oldest = await signIn(trio.auth.url, user)
    await ageSessions(database.url, user.id, 60)
    await Promise.all(Array.from({ length: 7 }, () => signIn(trio.auth.url, user)))
    const live = await query(
      database.url,
      'SELECT 1 FROM refresh_token_families WHERE user_id = $1 AND revoked_at IS NULL',
      [user.id]
    )
    expect(live).toHaveLength(5)
    await expectRefusedWithin(100, () => statusOfMe(oldest.access_token))
    const { sid } = unverifiedClaims(oldest.access_token)
    expect(await readFamily(database.url, sid)).toMatchObject({ revoked_reason: 'session_limit' })
  })

  test('the admin of the first start is let through to the dashboard, a plain user is not', async () => {
    const admin = await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })
    const { status, body } = await get(`${trio.resource.url}/admin/dashboard`, admin.access_token)
    // This installation has no SERVICE_CLIENT_KEY, and so no statistics.
    expect({ status, body }).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    expect(body.error_description).toContain('SERVICE_CLIENT_KEY')
    const plain = await signIn(trio.auth.url, user)
    const refused = await get(`${trio.resource.url}/admin/dashboard`, plain.access_token)
    expect(refused).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
    expect(refused.headers.get('WWW-Authenticate')).toMatch(/error="insufficient_scope"/)
    expect((await get(`${trio.resource.url}/public`)).status).toBe(200)
  })

  test('wrong passwords are limited with 429 and Retry-After, and the right one does not pass the limit', async () => {
    for (let i = 0; i < 10; i++) {
      expect(
        (await post(`${trio.auth.url}/auth/login`, { username: user.username, password: `wrong-${i}` })).status
      ).toBe(401)
    }
    const limited = await post(`${trio.auth.url}/auth/login`, { username: user.username, password: user.password })
    expect(limited).toMatchObject({ status: 429, body: { error: 'too_many_requests' } })
    expect(Number(limited.headers.get('Retry-After'))).toBeGreaterThan(800)
    const other = await register(trio.auth.url)
    await signIn(trio.auth.url, other)
  })

  test('no token and no password that was used here is in the logs', async () => {
    usedSecrets.add(trio.adminPassword)
    const logs = trio.logs()
    expect(usedSecrets.size).toBeGreaterThan(30)
    expect(logs).toContain('"route":"/auth/login"')
    expect([...usedSecrets].filter((secret) => logs.includes(secret))).toEqual([])
    const signatures = [...usedSecrets].map((secret) => secret.split('.').at(-1) as string)
    expect(signatures.filter((signature) => logs.includes(signature))).toEqual([])
  })
})
