import type { TestDatabase } from '@countersign/testing'
import {
  type Credentials,
  get,
  post,
  query,
  refresh,
  register,
  send,
  signIn,
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { openDatabase, openDatabasePool } from '../../services/auth-service/src/stores/postgres/database.ts'
import { createPrismaPendingDeletions } from '../../services/auth-service/src/stores/postgres/pending-deletions.ts'
import { type MailServer, secretsOf } from './fixtures/mail-server.ts'
import { type MailTrio, startMailTrio } from './fixtures/mail-trio.ts'

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
  let fixture: MailTrio
  let database: TestDatabase
  let mailServer: MailServer
  let trio: Trio
  let url: string

  beforeAll(async () => {
    fixture = await startMailTrio({
      authReplicas: 2,
      env: {
        REGISTRATIONS_PER_ADDRESS: '1000'
      }
    })
    ;({ database, mailServer, trio } = fixture)
    url = trio.auth.url
  })
  afterAll(async () => {
    await fixture?.stop()
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
        display_name: null,
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

  describe('a display name', () => {
    test('is set, changed and removed without a password, and is shown to its user, to admins and in the downloaded data', async () => {
      const user = await newUser()
      const token = (await signIn(url, user)).access_token
      const { token: admin } = await newAdmin()
      const change = (body: unknown) =>
        send<Record<string, unknown>>(`${url}/auth/me`, {
          method: 'PATCH',
          headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          body: JSON.stringify(body)
        })
      const shown = async () => (await get<Record<string, unknown>>(`${url}/auth/me`, token)).body.display_name
      expect(await shown()).toBeNull()
      // A phone's keyboard adds the space, and the e with its accent is two characters there.
      const named = await change({ display_name: 'Ade\u0301le O’Hara-李 👩🏽‍🚀 ' })
      expect(named, JSON.stringify(named.body)).toMatchObject({
        status: 200,
        body: { display_name: 'Adéle O’Hara-李 👩🏽‍🚀' }
      })
      expect(await shown()).toBe('Adéle O’Hara-李 👩🏽‍🚀')
      const data = await get<AccountData>(`${url}/auth/me/data`, token)
      expect(data.body.profile).toMatchObject({ display_name: 'Adéle O’Hara-李 👩🏽‍🚀' })
      const asAdmin = await get(`${url}/admin/users/${user.id}`, admin)
      expect(asAdmin.body).toMatchObject({ display_name: 'Adéle O’Hara-李 👩🏽‍🚀', username: user.username })

      // What is left out stays.
      expect(await change({ language: 'de' })).toMatchObject({ status: 200, body: { language: 'de' } })
      expect(await change({ display_name: 'x'.repeat(64) })).toMatchObject({ status: 200, body: { language: 'de' } })
      for (const name of [
        '',
        ' ',
        'x'.repeat(65),
        'a\nb',
        'a\u0000',
        'a\u202eb',
        'a\u2028b',
        '\u200b',
        '\u3164',
        '\ud800',
        1,
        ['a']
      ]) {
        expect(await change({ display_name: name }), JSON.stringify(name)).toMatchObject({
          status: 400,
          body: { issues: [{ path: 'display_name' }] }
        })
      }
      expect((await change({})).status).toBe(400)
      expect(await shown()).toBe('x'.repeat(64))
      expect(await change({ display_name: null })).toMatchObject({ status: 200, body: { display_name: null } })
      expect(await shown()).toBeNull()
    })

    test('is changed by an admin, too; the audit log has each change, and no name', async () => {
      const user = await newUser()
      const { access_token: token } = await signIn(url, user)
      const admin = await newAdmin()
      const change = (path: string, as: string, body: unknown) =>
        send<Record<string, unknown>>(`${url}${path}`, {
          method: 'PATCH',
          headers: { Authorization: `Bearer ${as}`, 'Content-Type': 'application/json' },
          body: JSON.stringify(body)
        })
      const byUser = (body: unknown) => change('/auth/me', token, body)
      const byAdmin = (body: unknown) => change(`/admin/users/${user.id}`, admin.token, body)
      expect((await byUser({ display_name: 'Ada' })).status).toBe(200)
      // The same name again is no change, and neither is another language.
      expect((await byUser({ display_name: 'Ada ', language: 'de' })).status).toBe(200)
      expect((await byUser({ language: null })).status).toBe(200)
      const before = await get(`${url}/admin/users/${user.id}`, admin.token)
      const named = await byAdmin({ display_name: ' Countess ' })
      expect(named).toMatchObject({ status: 200, body: { ...before.body, display_name: 'Countess' } })
      // What is left out stays.
      expect(await byAdmin({ disabled: false })).toMatchObject({ status: 200, body: { display_name: 'Countess' } })
      for (const name of ['', '\u202e', 'x'.repeat(65), 1]) {
        expect(await byAdmin({ display_name: name }), JSON.stringify(name)).toMatchObject({
          status: 400,
          body: { issues: [{ path: 'display_name' }] }
        })
      }
      expect((await byAdmin({})).status).toBe(400)
      expect(await byAdmin({ display_name: null })).toMatchObject({ status: 200, body: { display_name: null } })
      // No session ended.
      expect((await get(`${url}/auth/me`, token)).body).toMatchObject({ display_name: null })
      const path = `${url}/admin/audit?user_id=${user.id}&type=display_name.changed`
      const { body } = await get<{ events: { actor: { id: string } | null; detail: unknown }[] }>(path, admin.token)
      expect(body.events.map(({ actor, detail }) => [actor?.id ?? null, detail])).toEqual([
        [admin.id, null],
        [admin.id, null],
        [null, null]
      ])
      expect(JSON.stringify(body)).not.toMatch(/Ada|Countess/)
    })
  })

  async function newUser() {
    const user = await register(url)
    const email = `${user.username}@example.com`
    await query(database.url, 'UPDATE users SET email = $2, email_key = $2, email_verified_at = now() WHERE id = $1', [
      user.id,
      email
    ])
    return { ...user, email }
  }
  const mailTo = ({ email }: { email: string }, subject: RegExp) =>
    mailServer.mailTo(email, ({ content }) => subject.test(content.subject ?? ''))

  describe('the username', () => {
    const change = (token: string, username: string, at = url) =>
      post<{ username: string; error: string }>(`${at}/auth/me/username`, { username }, token)

    test('is changed: the next token carries it, and the former one is free', async () => {
      const user = await newUser()
      const session = await signIn(url, user)
      const token = session.access_token
      const username = `${user.username}-New`
      expect((await change(token, user.password)).status).toBe(400)
      expect((await change(token, 'no spaces')).status).toBe(400)
      const { status, body } = await change(token, username)
      expect({ status, body }).toEqual({ status: 200, body: { username } })
      expect((await get<{ username: string }>(`${url}/auth/me`, token)).body.username).toBe(username)
      expect(unverifiedClaims(token).preferred_username).toBe(user.username)
      const fresh = (await refresh(url, session.refresh_token)).body.access_token
      expect(unverifiedClaims(fresh)).toMatchObject({ preferred_username: username, sub: user.id })
      expect((await post(`${url}/auth/login`, { ...credentialsOf(user) })).status).toBe(401)
      const mail = await mailTo(user, /Your username was changed/)
      expect(mail.content.text).toContain(`${username}.`)
      await signIn(url, { username: username.toUpperCase(), password: user.password })
      const next = await post<{ id: string }>(`${url}/auth/register`, credentialsOf(user))
      expect(next.status).toBe(201)
      expect(next.body.id).not.toBe(user.id)
      const events = await query<{ detail: object | null }>(
        database.url,
        "SELECT detail FROM audit_events WHERE user_id = $1 AND type = 'username.changed'",
        [user.id]
      )
      // A name would stay in the log after the deletion.
      expect(events).toEqual([{ detail: null }])
    })

    test('belongs to one user, also if several want it at once, and is changed ten times in an hour', async () => {
      const wanted = `wanted-${crypto.randomUUID()}`
      const users = await Promise.all(Array.from({ length: 6 }, () => register(url)))
      const sessions = await Promise.all(users.map((user) => signIn(url, user)))
      const responses = await Promise.all(
        users.map((_, at) =>
          change(sessions[at]?.access_token ?? '', at % 2 ? wanted : wanted.toUpperCase(), trio.auths[at % 2]?.url)
        )
      )
      expect(responses.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409, 409, 409])
      const loser = responses.findIndex(({ status }) => status === 409)
      expect(responses[loser]?.body.error).toBe('username_taken')
      const again = () => change(sessions[loser]?.access_token ?? '', wanted)
      for (let tries = 1; tries < 10; tries++) expect((await again()).status).toBe(409)
      expect((await again()).status).toBe(429)
    })

    const credentialsOf = ({ username, password }: Credentials) => ({ username, password })
  })

  describe('deletion by the user', () => {
    const ask = (token: string, headers: Record<string, string> = {}) =>
      send<{ deletion_at: string; error: string }>(`${url}/auth/me/deletion`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, ...headers }
      })
    const stateOf = async ({ id }: { id: string }) =>
      (
        await query<{ is_pending: boolean; live: number }>(
          database.url,
          `SELECT deletion_at IS NOT NULL AS is_pending,
             (SELECT count(*)::int FROM refresh_token_families WHERE user_id = u.id AND revoked_at IS NULL) AS live
           FROM users u WHERE id = $1`,
          [id]
        )
      )[0]
    const eventsOf = async ({ id }: { id: string }) =>
      (
        await query<{ type: string }>(database.url, 'SELECT type FROM audit_events WHERE user_id = $1 ORDER BY id', [
          id
        ])
      ).map(({ type }) => type)
    const becomesDue = ({ id }: { id: string }) =>
      query(database.url, 'UPDATE users SET deletion_at = now() WHERE id = $1', [id])
    /** A round of housekeeping begins with each replica. */
    const doHousekeeping = async () => void (await trio.startAuth())

    /** What version 0.1 writes. */
    const signInAtOldVersion = ({ id }: { id: string }) =>
      query(
        database.url,
        `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, idle_expires_at, absolute_expires_at,
           access_expires_at, sign_in_network, address, user_agent)
         VALUES (gen_random_uuid(), $1, 'countersign', '', '{}', now(), now(), now(), '', '', '')`,
        [id]
      )

    test('ends all sessions at once, voids links, and says by mail until when a sign-in keeps the account', async () => {
      const user = await newUser()
      const [session, other] = [await signIn(url, user), await signIn(url, user)]
      await post(`${url}/auth/password-reset`, { email: user.email })
      const { secret } = secretsOf(await mailTo(user, /Reset/))
      const { status, body } = await ask(session.access_token, { 'Accept-Language': 'de' })
      expect(status).toBe(202)
      const days = (Date.parse(body.deletion_at) - Date.now()) / 86_400_000
      expect(Math.abs(days - 14)).toBeLessThan(0.01)
      expect(await stateOf(user)).toEqual({ is_pending: true, live: 0 })
      for (const { access_token, refresh_token } of [session, other]) {
        await expect.poll(async () => (await get(`${trio.resource.url}/me`, access_token)).status).toBe(401)
        expect((await refresh(url, refresh_token)).status).toBe(400)
      }
      const mail = await mailTo(user, /Ihr Konto wird gelöscht/)
      expect(mail.content.text).toContain(
        new Intl.DateTimeFormat('de', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(body.deletion_at))
      )
      expect(secretsOf(mail).link).toBe('https://pages.example.com/sign-in')
      const reset = await post(`${url}/auth/password-reset/confirm`, { secret, new_password: 'another password 123' })
      expect(reset.status).toBe(400)
      expect(await eventsOf(user)).toEqual(expect.arrayContaining(['user.deletion_requested']))
      const { token } = await newAdmin()
      const shown = await get<{ deletion_at: string }>(`${url}/admin/users/${user.id}`, token)
      expect(shown.body.deletion_at).toBe(body.deletion_at)
    })

    test('is canceled by a sign-in, and happens without one; a mail reports each', async () => {
      const [kept, gone] = [await newUser(), await newUser()]
      for (const user of [kept, gone]) {
        const { access_token } = await signIn(url, user)
        expect((await ask(access_token)).status).toBe(202)
      }
      const back = await signIn(url, kept)
      expect(await stateOf(kept)).toEqual({ is_pending: false, live: 1 })
      await mailTo(kept, /Your account stays/)
      await becomesDue(gone)
      await doHousekeeping()
      await expect.poll(() => stateOf(gone), { timeout: 20_000 }).toBeUndefined()
      const notice = await mailTo(gone, /Your account was deleted/)
      expect(secretsOf(notice).link).toBe('')
      expect((await eventsOf(gone)).at(-1)).toBe('user.deleted')
      expect((await refresh(url, back.refresh_token)).status).toBe(200)
      expect(await eventsOf(kept)).toEqual([
        'user.registered',
        'session.started',
        'user.deletion_requested',
        'session.ended',
        'session.started',
        'user.deletion_cancelled'
      ])
    })

    test('is canceled by a sign-in at a version that does not support deletion', async () => {
      const [early, late, gone] = [await newUser(), await newUser(), await newUser()]
      for (const user of [early, late, gone]) await ask((await signIn(url, user)).access_token)
      for (const user of [early, late]) await signInAtOldVersion(user)
      await becomesDue(late)
      await becomesDue(gone)
      await doHousekeeping()
      await expect.poll(() => stateOf(gone), { timeout: 20_000 }).toBeUndefined()
      for (const user of [early, late]) {
        expect(await stateOf(user)).toMatchObject({ is_pending: false })
        expect((await eventsOf(user)).at(-1)).toBe('user.deletion_cancelled')
      }
    })

    test('is canceled even if that sign-in comes while the user is being deleted', async () => {
      const user = await newUser()
      await ask((await signIn(url, user)).access_token)
      await becomesDue(user)
      await signInAtOldVersion(user)
      const own = openDatabase(openDatabasePool({ url: database.url, connections: 1 }))
      onTestFinished(() => own.$disconnect())
      const pending = createPrismaPendingDeletions(own, async () => {})
      expect(await pending.settleDue()).toMatchObject({ isFound: true, entries: [] })
      expect(await stateOf(user)).toMatchObject({ is_pending: false })
      expect(await pending.settleDue()).toMatchObject({ isFound: false, entries: [] })
    })

    test('a sign-in that runs at the same time either has its session ended, or keeps the account', async () => {
      const user = await newUser()
      const { access_token } = await signIn(url, user)
      const attempt = (replica: string) =>
        post(`${replica}/auth/login`, { username: user.username, password: user.password })
      const [asked, ...attempts] = await Promise.all([
        ask(access_token),
        ...trio.auths.map((auth) => attempt(auth.url))
      ])
      expect(asked?.status).toBe(202)
      // 401 when it was verified before the request, and would have begun after it.
      for (const { status } of attempts) expect(status).toBeOneOf([200, 401])
      const { is_pending, live } = (await stateOf(user)) as { is_pending: boolean; live: number }
      expect(is_pending).toBe(live === 0)
    })

    test('the last admin cannot request deletion; of two who request it at once, one gets 409, and one whose deletion is pending no longer counts', async () => {
      await query(database.url, "UPDATE users SET roles = '{}' WHERE 'admin' = ANY(roles)")
      const [first, second] = [await newAdmin(), await newAdmin()]
      const responses = await Promise.all([first, second].map(({ token }) => ask(token)))
      expect(responses.map(({ status }) => status).toSorted()).toEqual([202, 409])
      const refused = responses.findIndex(({ status }) => status === 409)
      expect(responses[refused]?.body.error).toBe('last_admin')
      const last = [first, second][refused] as typeof first
      const demoted = await send<{ error: string }>(`${url}/admin/users/${last.id}`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${last.token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ roles: [] })
      })
      expect({ status: demoted.status, error: demoted.body.error }).toEqual({ status: 409, error: 'last_admin' })
    })

    test('happens at once where ACCOUNT_DELETION_DAYS is 0', async () => {
      const auth = await trio.startAuth({ ACCOUNT_DELETION_DAYS: '0' })
      const user = await newUser()
      const { access_token } = await signIn(url, user)
      const { status } = await post(`${auth.url}/auth/me/deletion`, undefined, access_token)
      expect(status).toBe(202)
      expect(await stateOf(user)).toBeUndefined()
      await expect.poll(async () => (await get(`${trio.resource.url}/me`, access_token)).status).toBe(401)
      await mailTo(user, /Your account was deleted/)
    })
  })

  async function newAdmin() {
    const user = await register(url)
    await query(database.url, "UPDATE users SET roles = '{admin}' WHERE id = $1", [user.id])
    return { ...user, token: (await signIn(url, user)).access_token }
  }

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
  })
})
