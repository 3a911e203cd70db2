import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { get, query, register, send, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type MailServer, mailPassword, mailUser, startMailServer } from './fixtures/mail-server.ts'

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
        SMTP_URL: `smtp://${mailUser}:${encodeURIComponent(mailPassword)}@localhost:${mailServer.port}?tls=required`,
        NODE_EXTRA_CA_CERTS: mailServer.certificate,
        MAIL_FROM: 'no-reply@example.com',
        PAGES_URL: 'https://pages.example.com',
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
})
