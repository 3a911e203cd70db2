import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { auditEventTypes } from '@countersign/oauth'
import { createEmptyTestDatabase, createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  type ApiResponse,
  type Credentials,
  get,
  post,
  query,
  register,
  send,
  signIn,
  startTrio,
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

interface AuditEvent {
  id: string
  at: string
  type: string
  user: { id: string; username: string | null } | null
  actor: { id: string; username: string | null } | null
  session_id: string | null
  client_id: string | null
  address: string | null
  user_agent: string | null
  detail: Record<string, unknown> | null
}

interface AuditPage {
  events: AuditEvent[]
  next_cursor: string | null
}

describe('the audit log', () => {
  let database: TestDatabase
  let trio: Trio
  let admin: string
  let adminId: string
  let user: Credentials & { id: string }

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl,
      resourceReplicas: 0,
      env: { REGISTRATIONS_PER_ADDRESS: '1000' }
    })
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    adminId = unverifiedClaims(admin).sub as string
    user = await register(trio.auth.url)
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const list = (search: Record<string, string | number> = {}): Promise<ApiResponse<AuditPage>> => {
    const parameters = new URLSearchParams(
      Object.entries(search).map(([name, value]): [string, string] => [name, String(value)])
    )
    return get<AuditPage>(`${trio.auth.url}/admin/audit?${parameters}`, admin)
  }
  const idsOf = (events: readonly { id: string }[]) => events.map(({ id }) => id)
  const typesOf = (events: readonly { type: string }[]) => events.map(({ type }) => type)

  /** Writes an event for each second, oldest first. */
  const write = async (userId: string, from: Date, types: readonly string[]) => {
    const rows = await query<{ id: string }>(
      database.url,
      `INSERT INTO audit_events (at, type, user_id)
       SELECT $2::timestamptz + make_interval(secs => n - 1), type, $1 FROM unnest($3::text[]) WITH ORDINALITY t(type, n)
       ORDER BY n RETURNING id::text`,
      [userId, from, types]
    )
    return rows.map(({ id }) => id)
  }

  test('shows events with user, actor and address, the newest first', async () => {
    const { access_token: token } = await signIn(trio.auth.url, user)
    const sid = unverifiedClaims(token).sid
    await post(`${trio.auth.url}/auth/login`, { username: user.username, password: 'not the password' })
    await send(`${trio.auth.url}/admin/users/${user.id}/sessions`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${admin}` }
    })
    const response = await list({ user_id: user.id })
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    const about = { id: expect.stringMatching(/^\d+$/), user: { id: user.id, username: user.username } }
    const origin = { address: '127.0.0.1', user_agent: 'node' }
    const nowhere = { address: null, user_agent: null }
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(response).toMatchObject({ status: 200 })
    expect(response.body).toEqual({
      events: [
        {
          ...about,
          ...nowhere,
          at,
          type: 'session.ended',
          actor: { id: adminId, username: 'admin' },
          session_id: sid,
          client_id: 'countersign',
          detail: { reason: 'ended_by_admin' }
        },
        {
          ...about,
          ...origin,
          at,
          type: 'sign_in.failed',
          actor: null,
          session_id: null,
          client_id: null,
          detail: null
        },
        {
          ...about,
          ...origin,
          at,
          type: 'session.started',
          actor: null,
          session_id: sid,
          client_id: 'countersign',
          detail: null
        },
        {
          ...about,
          ...origin,
          at,
          type: 'user.registered',
          actor: null,
          session_id: null,
          client_id: null,
          detail: null
        }
      ],
      next_cursor: null
    })
    // Two events of one session: it started, and it ended.
    expect(typesOf((await list({ session_id: sid })).body.events)).toEqual(['session.ended', 'session.started'])
    await query(database.url, 'INSERT INTO audit_events (type, user_id) VALUES ($1, $2)', [
      'user.disabled',
      randomUUID()
    ])
    const [gone] = (await list({ type: 'user.disabled' })).body.events
    expect(gone?.user).toEqual({ id: expect.any(String), username: null })
  })

  test('each filter narrows it, and all of them together', async () => {
    const other = await register(trio.auth.url)
    const from = new Date('2026-01-02T03:04:05.678Z')
    const ids = await write(other.id, from, ['user.disabled', 'user.enabled', 'user.disabled', 'user.enabled'])
    const [first, second, third, fourth] = ids as [string, string, string, string]
    const later = (seconds: number) => new Date(from.getTime() + seconds * 1000).toISOString()
    const of = async (search: Record<string, string>) =>
      idsOf((await list({ user_id: other.id, ...search })).body.events)
    expect(await of({ type: 'user.enabled' })).toEqual([fourth, second])
    expect(await of({ until: later(3) })).toEqual([third, second, first])
    expect(await of({ since: later(1), until: later(3) })).toEqual([third, second])
    expect(await of({ since: later(1), until: later(1) })).toEqual([])
    // Events have milliseconds: finer moments are between two of them.
    expect(await of({ since: '2026-01-02T03:04:06.6780001Z', until: '2026-01-02T03:04:08.6780001Z' })).toEqual([
      fourth,
      third
    ])
    expect(await of({ since: '2026-01-02T04:04:06.678+01:00', type: 'user.disabled' })).toEqual([third])
    expect(await of({ type: 'user.enabled', since: later(1), until: later(3), username: other.username })).toEqual([
      second
    ])
    expect(await of({ username: user.username })).toEqual([])
    expect(await of({ session_id: randomUUID() })).toEqual([])
    expect(await of({ client_id: 'countersign' })).toEqual([])
  })

  test('a username is found however it is written; an unknown one, or one that cannot be, is a page of nothing', async () => {
    const here = await list({ username: user.username })
    expect(here.body.events.length).toBeGreaterThan(0)
    expect(await list({ username: user.username.toUpperCase() })).toMatchObject({ body: here.body })
    const fullWidth = user.username.replace('user', 'ｕｓｅｒ')
    expect(await list({ username: fullWidth })).toMatchObject({ body: here.body })
    for (const username of ['nobody-of-this-name', user.username.slice(0, -1), 'not a username', '', '\0', '%']) {
      expect(await list({ username })).toMatchObject({ status: 200, body: { events: [], next_cursor: null } })
    }
  })

  test('changes of a client are found by its id', async () => {
    const clientId = `client-${randomUUID().slice(0, 8)}`
    const body = {
      client_id: clientId,
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      audiences: ['http://api.test']
    }
    const created = await post<{ client_secret: string }>(`${trio.auth.url}/admin/clients`, body, admin)
    expect(created.status).toBe(201)
    await post(`${trio.auth.url}/admin/clients/${clientId}/secrets`, undefined, admin)
    const { body: page } = await list({ client_id: clientId })
    expect(typesOf(page.events)).toEqual(['client.secret_added', 'client.created'])
    expect(page.events[0]).toMatchObject({
      user: null,
      actor: { id: adminId, username: 'admin' },
      client_id: clientId,
      detail: { client_id: clientId }
    })
  })

  test('changes of a client from before events named it are found after the migration', async () => {
    const older = await createEmptyTestDatabase()
    const folder = new URL('../../prisma/migrations/', import.meta.url)
    const migrations = (await readdir(folder)).filter((name) => /^\d/.test(name)).sort()
    for (const name of migrations) {
      if (name.endsWith('_activity')) {
        await query(
          older.url,
          `INSERT INTO audit_events (type, client_id, detail) VALUES ('client.created', NULL, '{"client_id":"c1"}'),
             ('session.started', 'countersign', NULL), ('signing_key.pulled', NULL, '{"kid":"k1"}')`
        )
      }
      await query(older.url, await readFile(new URL(`${name}/migration.sql`, folder), 'utf8'))
    }
    expect(await query(older.url, 'SELECT type, client_id FROM audit_events ORDER BY id')).toEqual([
      { type: 'client.created', client_id: 'c1' },
      { type: 'session.started', client_id: 'countersign' },
      { type: 'signing_key.pulled', client_id: null }
    ])
    await older.drop()
  })

  test('pages hold each event once, also those of one moment, while others are written', async () => {
    const other = await register(trio.auth.url)
    const [registered] = idsOf((await list({ user_id: other.id })).body.events)
    const at = new Date('2026-02-03T04:05:06.789Z')
    const ids: string[] = []
    for (let i = 0; i < 25; i++) {
      ids.push(...(await write(other.id, at, i % 2 === 0 ? ['user.enabled'] : ['user.disabled', 'user.enabled'])))
    }
    const rows = await query<{ id: string }>(
      database.url,
      'SELECT id::text FROM audit_events WHERE user_id = $1 ORDER BY at DESC, id DESC',
      [other.id]
    )
    const seen: string[] = []
    let cursor: string | null = ''
    let pages = 0
    while (cursor !== null) {
      const from: Record<string, string> = cursor === '' ? {} : { cursor }
      const { status, body } = await list({ user_id: other.id, limit: 6, ...from })
      expect(status).toBe(200)
      seen.push(...idsOf(body.events))
      cursor = body.next_cursor
      pages++
      await query(database.url, "INSERT INTO audit_events (type, user_id) VALUES ('user.enabled', $1)", [other.id])
    }
    expect(seen).toEqual(rows.map(({ id }) => id))
    expect(seen[0]).toBe(registered)
    expect(seen).toHaveLength(ids.length + 1)
    expect(pages).toBe(Math.ceil(seen.length / 6))
    const whole = await list({ user_id: other.id, limit: 100 })
    expect(idsOf(whole.body.events)).toEqual(expect.arrayContaining(seen))
    await write(other.id, at, Array(60).fill('user.enabled'))
    expect((await list({ user_id: other.id })).body.events).toHaveLength(50)
  })

  test('an unknown type is refused with the known ones', async () => {
    const response = await list({ type: 'user.vanished' })
    expect(response).toMatchObject({
      status: 400,
      body: {
        error: 'invalid_request',
        issues: [{ path: 'type', message: `must be one of ${auditEventTypes.join(', ')}` }]
      }
    })
  })

  const cursorOf = (text: string) => Buffer.from(text).toString('base64url')

  test.each([
    'limit=0',
    'limit=101',
    'limit=1.5',
    'limit=x',
    'limit=1&limit=2',
    'unknown=1',
    'type=',
    'type=user.disabled&type=user.enabled',
    `type=${'x'.repeat(65)}`,
    `username=${'x'.repeat(257)}`,
    'user_id=x',
    'session_id=%00',
    'client_id=%00',
    'client_id=',
    'since=yesterday',
    'since=2026-01-01',
    'since=2026-02-30T00:00:00Z',
    'since=2026-01-01T00:00:00',
    'since=0000-01-01T00:00:00Z',
    'since=9999-12-31T23:59:59-23:00',
    `since=2026-01-01T00:00:00.${'0'.repeat(50)}Z`,
    'since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z',
    'cursor=',
    'cursor=%21',
    'cursor=AA',
    `cursor=${cursorOf('1.x')}`,
    `cursor=${cursorOf('x.1')}`,
    `cursor=${cursorOf('1.9999999999999999999')}`,
    `cursor=${cursorOf('999999999999999.1')}`,
    `cursor=${cursorOf('01.1')}`,
    `cursor=${cursorOf('1.1')}%3D`,
    `cursor=${'x'.repeat(513)}`
  ])('the query %s is refused with what is wrong', async (search) => {
    expect(await get(`${trio.auth.url}/admin/audit?${search}`, admin)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', error_description: expect.any(String) }
    })
  })

  test('is only for admins', async () => {
    const { access_token: plain } = await signIn(trio.auth.url, user)
    expect(await get(`${trio.auth.url}/admin/audit`, plain)).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope' }
    })
    expect((await get(`${trio.auth.url}/admin/audit`)).status).toBe(401)
  })
})
