import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { get, post, query, refresh, register, send, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type MailServer, mailEnvironment, startMailServer } from './fixtures/mail-server.ts'

interface OwnEvent {
  type: string
  by_somebody_else: boolean
  address: string | null
}

interface AccountData {
  profile: Record<string, unknown>
  sessions: { id: string }[]
  events: OwnEvent[]
  next_cursor: string | null
}

describe.skipIf(!inject('docker'))('the life of an account', () => {
  let database: TestDatabase
  let mailServer: MailServer
  let trio: Trio
  let url: string

  beforeAll(async () => {
    database = await createTestDatabase()
    mailServer = await startMailServer()
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: await createTestRedis(),
      authReplicas: 2,
      env: {
        ...mailEnvironment(mailServer, 'https://pages.example.com'),
        REGISTRATIONS_PER_ADDRESS: '1000'
      }
    })
    url = trio.auth.url
  })
  afterAll(async () => {
    await trio?.stop()
    await mailServer?.stop()
    await database?.drop()
  })

  describe('own data', () => {
    test('is a file with the profile, the sessions and the events of the user, and nothing that signs in', async () => {
      const user = await register(url)
      const session = await signIn(url, user)
      await register(url)
      const { status, body, headers } = await send<AccountData>(`${url}/auth/me/data`, {
        headers: { Authorization: `Bearer ${session.access_token}` }
      })
      expect(status, JSON.stringify(body)).toBe(200)
      expect(headers.get('content-disposition')).toBe('attachment; filename="account-data.json"')
      expect(body.profile).toEqual({
        id: user.id,
        username: user.username,
        email: null,
        email_verified: false,
        language: null,
        roles: [],
        created_at: expect.any(String)
      })
      expect(body.sessions).toEqual([expect.objectContaining({ client_id: 'countersign', address: '127.0.0.1' })])
      expect(body.events.map(({ type }) => type)).toEqual(['session.started', 'user.registered'])
      expect(body.next_cursor).toBeNull()
      const text = JSON.stringify(body)
      expect(text).not.toContain('argon2')
      expect(text).not.toContain(session.refresh_token)
    })

    test('has a thousand events at once, and the older ones by the cursor', async () => {
      const user = await register(url)
      const token = (await signIn(url, user)).access_token
      await query(
        database.url,
        `INSERT INTO audit_events (type, user_id, actor_id, address)
         SELECT 'user.enabled', $1, gen_random_uuid(), '192.0.2.1' FROM generate_series(1, 1200)`,
        [user.id]
      )
      const first = (await get<AccountData>(`${url}/auth/me/data`, token)).body
      expect(first.events).toHaveLength(1000)
      expect(first.events[0]).toMatchObject({ type: 'user.enabled', by_somebody_else: true, address: null })
      const rest = (await get<AccountData>(`${url}/auth/me/data?cursor=${first.next_cursor}`, token)).body
      expect(rest.events).toHaveLength(202)
      expect(rest.next_cursor).toBeNull()
      expect((await get(`${url}/auth/me/data?cursor=x`, token)).status).toBe(400)
    })
  })

  describe('deletion by an admin', () => {
    const remove = (id: string, token: string) =>
      send<{ error: string }>(`${url}/admin/users/${id}`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${token}` }
      })
    const rowsAbout = async ({ id }: { id: string }) =>
      (
        await query<{ users: number; families: number; mails: number }>(
          database.url,
          `SELECT (SELECT count(*)::int FROM users WHERE id = $1) AS users,
             (SELECT count(*)::int FROM refresh_token_families WHERE user_id = $1) AS families,
             (SELECT count(*)::int FROM mail_outbox WHERE recipient = $1::text || '@example.com') AS mails`,
          [id]
        )
      )[0]

    test('takes the user and all sessions away, and tokens are refused at once; the name is free for another id', async () => {
      const user = await register(url)
      await query(database.url, 'UPDATE users SET email = $2 WHERE id = $1', [user.id, `${user.id}@example.com`])
      const session = await signIn(url, user)
      expect((await post(`${url}/auth/email/verification`, undefined, session.access_token)).status).toBe(202)
      await mailServer.mailTo(`${user.id}@example.com`)
      const api = `${trio.resource.url}/me`
      expect((await get(api, session.access_token)).status).toBe(200)
      const { id: adminId, token } = await newAdmin()

      expect((await remove(user.id, token)).status).toBe(204)
      await expect.poll(async () => (await get(api, session.access_token)).status, { timeout: 5000 }).toBe(401)
      expect((await refresh(url, session.refresh_token)).status).toBe(400)
      expect((await post(`${url}/auth/login`, { username: user.username, password: user.password })).status).toBe(401)
      expect(await rowsAbout(user)).toMatchObject({ users: 0, families: 0, mails: 0 })
      const events = await query<{ type: string; actor_id: string | null; detail: object | null }>(
        database.url,
        'SELECT type, actor_id, detail FROM audit_events WHERE user_id = $1 ORDER BY id DESC LIMIT 2',
        [user.id]
      )
      expect(events).toEqual([
        { type: 'user.deleted', actor_id: adminId, detail: null },
        { type: 'session.ended', actor_id: adminId, detail: { reason: 'user_deleted' } }
      ])

      expect((await remove(user.id, token)).status).toBe(404)
      const again = await post<{ id: string }>(`${url}/auth/register`, {
        username: user.username,
        password: user.password
      })
      expect(again.status).toBe(201)
      expect(again.body.id).not.toBe(user.id)
    })

    test('admins do not delete themselves; of two that delete each other at once, one stays', async () => {
      const [first, second] = [await newAdmin(), await newAdmin()]
      const own = await remove(first.id, first.token)
      expect({ status: own.status, error: own.body.error }).toEqual({ status: 409, error: 'own_account' })
      const statuses = await Promise.all([remove(second.id, first.token), remove(first.id, second.token)])
      expect(statuses.filter(({ status }) => status === 204)).toHaveLength(1)
      const left = await query(database.url, 'SELECT 1 FROM users WHERE id = ANY($1)', [[first.id, second.id]])
      expect(left).toHaveLength(1)
    })

    test('a sign-in that runs at the same time has no session afterwards', async () => {
      const { token } = await newAdmin()
      const user = await register(url)
      const attempt = () => post(`${url}/auth/login`, { username: user.username, password: user.password })
      const attempts = [attempt(), attempt()]
      const deletion = remove(user.id, token)
      expect((await deletion).status).toBe(204)
      for (const { status, body } of await Promise.all(attempts)) {
        expect([200, 401]).toContain(status)
        if (status === 200) {
          await expect
            .poll(async () => (await get(`${trio.resource.url}/me`, String(body.access_token))).status, {
              timeout: 5000
            })
            .toBe(401)
        }
      }
      expect(await rowsAbout(user)).toMatchObject({ users: 0, families: 0 })
    })

    async function newAdmin() {
      const user = await register(url)
      await query(database.url, "UPDATE users SET roles = '{admin}' WHERE id = $1", [user.id])
      return { id: user.id, token: (await signIn(url, user)).access_token }
    }
  })
})
