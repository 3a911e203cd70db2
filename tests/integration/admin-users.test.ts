import { randomUUID } from 'node:crypto'
import {
  createTestDatabase,
  createTestRedis,
  expectMostWithin,
  expectRefusedWithin,
  runningTimeOf,
  type TestDatabase
} from '@countersign/testing'
import {
  type ApiResponse,
  type Credentials,
  executedPlan,
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
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'

interface User {
  id: string
  username: string
  roles: string[]
  disabled_at: string | null
}

describe('administration of users', () => {
  let database: TestDatabase
  let trio: Trio
  let admin: string
  let adminId: string
  let user: Credentials & { id: string }

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl, env: { REGISTRATIONS_PER_ADDRESS: '1000' } })
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    adminId = unverifiedClaims(admin).sub as string
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })
  beforeEach(async () => {
    user = await register(trio.auth.url)
  })

  const call = <T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    token = admin
  ): Promise<ApiResponse<T>> =>
    send(`${trio.auth.url}/admin${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  const change = (id: string, body: unknown) => call<User>('PATCH', `/users/${id}`, body)
  const statusOfMe = async (accessToken: string) => (await get(`${trio.resource.url}/me`, accessToken)).status
  const expectRefused = (accessToken: string) => expectRefusedWithin(100, () => statusOfMe(accessToken))
  const auditOf = (userId: string) =>
    query(
      database.url,
      'SELECT type, actor_id, detail FROM audit_events WHERE user_id = $1 AND actor_id IS NOT NULL ORDER BY id',
      [userId]
    )

  test('a disabled user is signed out everywhere, stays out, and can sign in when enabled', async () => {
    const tokens = await signIn(trio.auth.url, user)
    const disabled = await change(user.id, { disabled: true })
    expect(disabled).toMatchObject({ status: 200, body: { id: user.id, disabled_at: expect.any(String) } })
    await expectRefused(tokens.access_token)
    expect(await refresh(trio.auth.url, tokens.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' }
    })
    const login = () => post(`${trio.auth.url}/auth/login`, { username: user.username, password: user.password })
    expect(await login()).toMatchObject({ status: 401, body: { error: 'invalid_credentials' } })
    const { sid } = unverifiedClaims(tokens.access_token)
    expect(await readFamily(database.url, sid)).toMatchObject({ revoked_reason: 'user_disabled' })

    const again = await change(user.id, { disabled: true })
    expect(again.body.disabled_at).toBe(disabled.body.disabled_at)
    expect(await change(user.id, { disabled: false })).toMatchObject({ status: 200, body: { disabled_at: null } })
    expect((await login()).status).toBe(200)
    expect(await refresh(trio.auth.url, tokens.refresh_token)).toMatchObject({ status: 400 })
    expect(await auditOf(user.id)).toEqual([
      { type: 'user.disabled', actor_id: adminId, detail: null },
      { type: 'session.ended', actor_id: adminId, detail: { reason: 'user_disabled' } },
      { type: 'user.enabled', actor_id: adminId, detail: null }
    ])
  })

  test('a role that is added shows at the next refresh; one that is taken away ends the sessions', async () => {
    const tokens = await signIn(trio.auth.url, user)
    expect(await change(user.id, { roles: ['auditor', 'auditor'] })).toMatchObject({
      status: 200,
      body: { roles: ['auditor'] }
    })
    expect(await statusOfMe(tokens.access_token)).toBe(200)
    const refreshed = (await refresh(trio.auth.url, tokens.refresh_token)).body
    expect(unverifiedClaims(refreshed.access_token).roles).toEqual(['auditor'])

    expect((await change(user.id, { roles: ['reader'] })).status).toBe(200)
    await expectRefused(refreshed.access_token)
    expect((await refresh(trio.auth.url, refreshed.refresh_token)).status).toBe(400)
    const again = await signIn(trio.auth.url, user)
    expect(unverifiedClaims(again.access_token).roles).toEqual(['reader'])
    expect(await auditOf(user.id)).toEqual([
      { type: 'user.roles_changed', actor_id: adminId, detail: { before: [], after: ['auditor'] } },
      { type: 'user.roles_changed', actor_id: adminId, detail: { before: ['auditor'], after: ['reader'] } },
      { type: 'session.ended', actor_id: adminId, detail: { reason: 'role_removed' } }
    ])
  })

  test('one session of a user is ended, or all of them', async () => {
    const sessions = [
      await signIn(trio.auth.url, user),
      await signIn(trio.auth.url, user),
      await signIn(trio.auth.url, user)
    ]
    const ids = sessions.map(({ access_token }) => unverifiedClaims(access_token).sid)
    const listed = await call<{ sessions: { id: string }[] }>('GET', `/users/${user.id}/sessions`)
    expect(listed.body.sessions.map(({ id }) => id).sort()).toEqual([...ids].sort())

    expect((await call('DELETE', `/users/${user.id}/sessions/${ids[0]}`)).status).toBe(204)
    await expectRefused(sessions[0]?.access_token as string)
    expect(await statusOfMe(sessions[1]?.access_token as string)).toBe(200)
    expect((await call('DELETE', `/users/${user.id}/sessions/${ids[0]}`)).status).toBe(404)
    expect((await call('DELETE', `/users/${adminId}/sessions/${ids[1]}`)).status).toBe(404)

    expect((await call('DELETE', `/users/${user.id}/sessions`)).status).toBe(204)
    for (const { access_token } of sessions) await expectRefused(access_token)
    expect((await call<{ sessions: [] }>('GET', `/users/${user.id}/sessions`)).body.sessions).toEqual([])
  })

  test('the last enabled admin stays, also when two admins take each other away at once', async () => {
    expect(await change(adminId, { disabled: true })).toMatchObject({ status: 409, body: { error: 'last_admin' } })
    expect(await change(adminId, { roles: [] })).toMatchObject({ status: 409 })
    expect(await statusOfMe(admin)).toBe(200)

    await change(user.id, { roles: ['admin'] })
    const second = await signIn(trio.auth.url, user)
    const secondId = user.id
    const [first, other] = await Promise.all([
      call('PATCH', `/users/${secondId}`, { roles: [] }),
      call('PATCH', `/users/${adminId}`, { roles: [] }, second.access_token)
    ])
    // One succeeds. The other one is rejected, or has lost its session.
    expect([first.status, other.status].filter((status) => status === 200)).toHaveLength(1)
    const admins = await query(database.url, "SELECT id FROM users WHERE 'admin' = ANY(roles) AND disabled_at IS NULL")
    expect(admins).toHaveLength(1)
    await query(database.url, "UPDATE users SET roles = '{admin}' WHERE id = $1", [adminId])
    await query(database.url, "UPDATE users SET roles = '{}' WHERE id = $1", [secondId])
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
  })

  test('an admin who lost the role changes nothing, although the access token still has it', async () => {
    const former = await register(trio.auth.url)
    await query(database.url, "UPDATE users SET roles = '{admin}' WHERE id = $1", [former.id])
    const { access_token: token } = await signIn(trio.auth.url, former)
    await query(database.url, "UPDATE users SET roles = '{}' WHERE id = $1", [former.id])
    expect(await call('PATCH', `/users/${user.id}`, { disabled: true }, token)).toMatchObject({
      status: 403,
      body: { error: 'access_denied' }
    })
    expect((await call<User>('GET', `/users/${user.id}`)).body.disabled_at).toBeNull()
  })

  test('users are listed in pages, in the order of their names, and searched by the beginning of one', async () => {
    const prefix = `page-${randomUUID().slice(0, 8)}`
    await query(
      database.url,
      `INSERT INTO users (id, username, username_key, password_hash, roles)
       SELECT gen_random_uuid(), $1 || '-' || n, $1 || '-' || n, 'none', '{}' FROM generate_series(100, 144) n`,
      [prefix]
    )
    const seen: string[] = []
    let cursor: string | null = ''
    let pages = 0
    while (cursor !== null) {
      const from: string = cursor === '' ? '' : `&cursor=${cursor}`
      const page = await call<{ users: User[]; next_cursor: string | null }>(
        'GET',
        `/users?search=${prefix.toUpperCase()}${from}`
      )
      expect(page.status).toBe(200)
      seen.push(...page.body.users.map(({ username }) => username))
      cursor = page.body.next_cursor
      pages++
    }
    expect(pages).toBe(3)
    expect(seen).toEqual(Array.from({ length: 45 }, (_, i) => `${prefix}-${100 + i}`))
    const wildcard = await call<{ users: User[] }>('GET', `/users?search=${encodeURIComponent('%')}`)
    expect(wildcard.body.users).toEqual([])
    const limited = await call<{ users: User[] }>('GET', '/users?limit=2')
    expect(limited.body.users).toHaveLength(2)
  })

  describe('a search', () => {
    const mark = randomUUID().slice(0, 8)
    const people = [
      [`john.adams-${mark}`, `J.Quincy@Mail-${mark}.example.org`],
      [`ΟΔΥΣΣΕΥΣ-${mark}`, null],
      [`Ｚｏё_${mark}`, null],
      [`straße.${mark}`, null]
    ] as const
    const found = async (search: string) => {
      const response = await call<{ users: User[] }>('GET', `/users?search=${encodeURIComponent(search)}`)
      expect(response.status).toBe(200)
      return response.body.users.map(({ username }) => username).filter((name) => name.includes(mark))
    }
    beforeAll(async () => {
      for (const [username, email] of people) {
        const body = { username, password: 'an entirely fine one', ...(email && { email }) }
        expect((await send(`${trio.auth.url}/auth/register`, jsonOf(body))).status).toBe(201)
      }
    })
    const jsonOf = (body: object) => ({
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body)
    })
    const [john, odysseus, zoe, strasse] = [people[0][0], people[1][0], `Zoё_${mark}`, people[3][0]]

    test.each([
      ['john', john],
      ['adams', john],
      [' ADAMS ', john],
      ['adams john', john],
      ['j.quincy@mail', john],
      ['QUINCY', john],
      [`@mail-${mark}`, john],
      ['ΟΔΥΣ', odysseus],
      ['οδυς', odysseus],
      ['οδυσσευσ', odysseus],
      ['ΟΔΥΣΣΕΥΣ', odysseus],
      ['ZOЁ', zoe],
      ['STRASSE', strasse],
      [mark, undefined]
    ])('%j finds %j', async (search, username) => {
      const names = await found(search)
      if (username === undefined) expect(names).toHaveLength(people.length)
      else expect(names).toEqual([username])
    })

    test.each(['dams', 'adams adam.x', "'", '\\', "' | 'a", ':*', '%', '_%', 'a & !b', '\ufdfa'.repeat(64)])(
      '%j finds nobody, and is no syntax',
      async (search) => {
        expect(await found(search)).toEqual([])
      }
    )

    test('stays within the index, however many users there are', async () => {
      await query(
        database.url,
        `INSERT INTO users (id, username, username_key, email, password_hash, roles)
         SELECT gen_random_uuid(), name, name, name || '@many.example.org', 'none', '{}'
         FROM (SELECT 'many-' || md5(n::text) FROM generate_series(1, 20000) n) AS names(name)`
      )
      await query(database.url, 'ANALYZE users')
      // One that matches nobody, one that matches one user, and one that matches all.
      for (const word of ['nobody', 'adams', 'many']) {
        const { paths } = await executedPlan(
          database.url,
          `SELECT id FROM (SELECT id, username_key FROM users WHERE user_search_terms(username_key, email) @@ $1::tsquery
           OFFSET 0) AS found WHERE username_key > '' ORDER BY username_key LIMIT 21`,
          [`'${word}':*`]
        )
        expect(paths).toEqual(['Bitmap Heap Scan users', 'Bitmap Index Scan users_search_idx'])
        await expectMostWithin(1000, () => runningTimeOf(() => found(word)))
      }
    })
  })

  test('the sessions of a user are listed in pages, the newest first', async () => {
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.unshift(unverifiedClaims((await signIn(trio.auth.url, user)).access_token).sid)
    // Users of one moment are ordered by their ids, and none is repeated or missing.
    await query(database.url, 'UPDATE refresh_token_families SET created_at = now() WHERE id = ANY($1)', [
      ids.slice(0, 3)
    ])
    const seen: string[] = []
    let cursor: string | null = ''
    let pages = 0
    while (cursor !== null) {
      const from: string = cursor === '' ? '' : `&cursor=${cursor}`
      const page = await call<{ sessions: { id: string }[]; next_cursor: string | null }>(
        'GET',
        `/users/${user.id}/sessions?limit=2${from}`
      )
      expect(page.status).toBe(200)
      seen.push(...page.body.sessions.map(({ id }) => id))
      cursor = page.body.next_cursor
      pages++
    }
    expect(pages).toBe(3)
    expect(seen).toEqual([...ids.slice(0, 3).sort().reverse(), ...ids.slice(3)])
    const all = await call<{ sessions: { id: string }[] }>('GET', `/users/${user.id}/sessions`)
    expect(all.body).toMatchObject({ next_cursor: null })
    expect(all.body.sessions.map(({ id }) => id)).toEqual(seen)
  })

  test.each([
    'limit=0',
    'limit=101',
    'limit=',
    'cursor=',
    'cursor=%21',
    'cursor=AA',
    `cursor=${Buffer.from('1.x').toString('base64url')}`,
    `cursor=${Buffer.from(`999999999999999.${randomUUID()}`).toString('base64url')}`,
    `cursor=${Buffer.from(`1.${randomUUID()}`).toString('base64url')}%3D`,
    'unknown=1'
  ])('the sessions of a user are refused with %s', async (search) => {
    for (const url of [`/admin/users/${user.id}/sessions`, '/auth/sessions']) {
      expect(await get(`${trio.auth.url}${url}?${search}`, admin)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' }
      })
    }
  })

  test.each([
    ['GET', '/users?limit=0'],
    ['GET', '/users?limit=101'],
    ['GET', '/users?limit=x'],
    ['GET', '/users?limit=1&limit=2'],
    ['GET', '/users?unknown=1'],
    ['GET', '/users?cursor=%21'],
    ['GET', '/users?cursor=AA'],
    ['GET', '/users?search=%00'],
    ['GET', `/users?search=${'x'.repeat(65)}`]
  ])('%s %s is refused with what is wrong', async (method, path) => {
    expect(await call(method, path)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test.each([
    {},
    { disabled: 'yes' },
    { roles: 'admin' },
    { roles: ['Admin'] },
    { roles: [''] },
    { roles: Array(17).fill('a') },
    { id: 1 }
  ])('the change %j is refused and changes nothing', async (body) => {
    expect(await change(user.id, body)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', issues: expect.any(Array) }
    })
    expect((await call<User>('GET', `/users/${user.id}`)).body).toMatchObject({ roles: [], disabled_at: null })
  })

  test('is only for admins, and returns 404 for unknown users', async () => {
    const plain = (await signIn(trio.auth.url, user)).access_token
    const unknown = randomUUID()
    for (const [method, path] of [
      ['GET', '/users'],
      ['GET', `/users/${user.id}`],
      ['PATCH', `/users/${user.id}`],
      ['GET', `/users/${user.id}/sessions`],
      ['DELETE', `/users/${user.id}/sessions`],
      ['DELETE', `/users/${user.id}/sessions/${unknown}`]
    ] as const) {
      expect(await call(method, path, undefined, plain)).toMatchObject({
        status: 403,
        body: { error: 'insufficient_scope' }
      })
      expect((await send(`${trio.auth.url}/admin${path}`, { method })).status).toBe(401)
      if (path === '/users') continue
      const body = method === 'PATCH' ? { disabled: true } : undefined
      for (const id of [unknown, 'x', '%00']) {
        expect((await call(method, path.replace(user.id, id), body)).status).toBe(404)
      }
    }
    expect(await statusOfMe(plain)).toBe(200)
  })
})
