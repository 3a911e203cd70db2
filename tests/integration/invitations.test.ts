import { randomBytes } from 'node:crypto'
import type { TestDatabase } from '@countersign/testing'
import { get, post, query, register, send, signIn, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { countersign } from './fixtures/countersign.ts'
import { type MailServer, type ReceivedMail, secretsOf } from './fixtures/mail-server.ts'
import { type MailTrio, startMailTrio } from './fixtures/mail-trio.ts'

const pagesUrl = 'https://pages.example.com'
const masterKey = randomBytes(32).toString('base64')

interface Invitation {
  id: string
  email: string
  username: string | null
  roles: string[]
  language: string | null
  invited_by: { id: string; username: string | null } | null
  created_at: string
  expires_at: string
}

describe.skipIf(!inject('docker'))('invitations', () => {
  let fixture: MailTrio
  let database: TestDatabase
  let mailServer: MailServer
  let trio: Trio
  let url: string
  let adminToken: string

  beforeAll(async () => {
    fixture = await startMailTrio({
      pagesUrl,
      authReplicas: 2,
      env: {
        REGISTRATIONS_PER_ADDRESS: '1000',
        COUNTERSIGN_MASTER_KEY: masterKey
      }
    })
    ;({ database, mailServer, trio } = fixture)
    url = trio.auth.url
    adminToken = (await signIn(url, { username: 'admin', password: trio.adminPassword })).access_token
  })
  afterAll(async () => {
    await fixture?.stop()
  })

  const patch = (address: string, body: object, token: string) =>
    send(address, {
      method: 'PATCH',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body)
    })
  const newName = () => `user-${randomBytes(5).toString('hex')}`
  const newPassword = () => randomBytes(12).toString('base64url')
  const newAddress = () => `${newName()}@example.com`
  const invite = (body: object, token = adminToken) => post<Invitation>(`${url}/admin/invitations`, body, token)
  const show = (secret: string) =>
    post<{ email: string; username: string | null }>(`${url}/auth/invitations/show`, { secret })
  const accept = (secret: string, username = newName(), at = url) =>
    post<{ id: string; roles: string[]; error?: string }>(`${at}/auth/invitations/accept`, {
      secret,
      username,
      password: newPassword()
    })
  const eventsOf = async (id: string) =>
    (
      await query<{ type: string }>(
        database.url,
        "SELECT type FROM audit_events WHERE detail->>'invitation' = $1 ORDER BY id",
        [id]
      )
    ).map(({ type }) => type)

  async function invited(body: object = {}, token = adminToken) {
    const { status, body: invitation } = await invite({ email: newAddress(), ...body }, token)
    expect(status, JSON.stringify(invitation)).toBe(201)
    const mail = await mailServer.mailTo(invitation.email)
    return { ...invitation, mail, secret: secretsOf(mail).secret }
  }

  async function newAdmin() {
    const user = await register(url)
    expect((await patch(`${url}/admin/users/${user.id}`, { roles: ['admin'] }, adminToken)).status).toBe(200)
    return { ...user, token: (await signIn(url, user)).access_token }
  }

  test('an admin invites by mail; the account has a verified address, the roles and the language', async () => {
    const username = newName()
    const invitation = await invited({ username, roles: ['auditor', 'auditor'], language: 'de' })
    const { link, code } = secretsOf(invitation.mail)
    expect(link).toMatch(/^https:\/\/pages\.example\.com\/accept-invitation#[\w-]{43}$/)
    expect(code).toBe('')
    expect(invitation.mail.content.subject).toContain('Sie sind eingeladen')
    expect(invitation).toMatchObject({ username, roles: ['auditor'], language: 'de' })
    expect(invitation.invited_by?.username).toBe('admin')

    // Looking uses nothing up.
    for (let i = 0; i < 3; i++)
      expect(await show(invitation.secret)).toMatchObject({ status: 200, body: { email: invitation.email, username } })

    const password = newPassword()
    const body = { secret: invitation.secret, username, password }
    const accepted = await post<{ id: string }>(`${url}/auth/invitations/accept`, body)
    expect(accepted).toMatchObject({ status: 201, body: { username, roles: ['auditor'] } })
    const session = await signIn(url, { username: invitation.email, password })
    expect(await get(`${url}/auth/me`, session.access_token)).toMatchObject({
      body: { username, email: invitation.email, email_verified: true, language: 'de', roles: ['auditor'] }
    })
    expect(await eventsOf(invitation.id)).toEqual(['invitation.created', 'invitation.accepted'])
    const list = await get<{ invitations: Invitation[] }>(`${url}/admin/invitations`, adminToken)
    expect(list.body.invitations.map(({ id }) => id)).not.toContain(invitation.id)
    expect((await show(invitation.secret)).status).toBe(400)
    expect((await invite({ email: invitation.email.toUpperCase() })).body).toMatchObject({ error: 'address_taken' })
    const kept = await query(database.url, 'SELECT 1 FROM audit_events WHERE detail::text LIKE $1', [
      `%${invitation.email}%`
    ])
    expect(kept).toEqual([])
  })

  test('of 50 who use one link at once at two replicas, one makes an account', async () => {
    const { secret, id } = await invited()
    const replicas = trio.auths.map((replica) => replica.url)
    expect(replicas).toHaveLength(2)
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, i) => accept(secret, newName(), replicas[i % 2] as string))
    )
    const made = responses.filter(({ status }) => status === 201)
    expect(made).toHaveLength(1)
    expect(responses.filter(({ status }) => ![201, 400, 503].includes(status))).toEqual([])
    expect(await eventsOf(id)).toEqual(['invitation.created', 'invitation.accepted'])
  })

  test.each<[string, (inviterId: string) => Promise<unknown>]>([
    ['lost the role', (id) => patch(`${url}/admin/users/${id}`, { roles: [] }, adminToken)],
    ['was disabled', (id) => patch(`${url}/admin/users/${id}`, { disabled: true }, adminToken)],
    [
      'was deleted',
      (id) => send(`${url}/admin/users/${id}`, { method: 'DELETE', headers: { Authorization: `Bearer ${adminToken}` } })
    ]
  ])('gives no role when the inviter %s since', async (_, change) => {
    const inviter = await newAdmin()
    const { secret } = await invited({ roles: ['admin', 'auditor'] }, inviter.token)
    await change(inviter.id)
    expect(await accept(secret)).toMatchObject({ status: 201, body: { roles: [] } })
  })

  test('gives the roles when another admin has sent it again, and none that was deleted', async () => {
    const inviter = await newAdmin()
    const role = `role-${randomBytes(4).toString('hex')}`
    const { id, email, mail } = await invited({ roles: ['auditor', role] }, inviter.token)
    await patch(`${url}/admin/users/${inviter.id}`, { roles: [] }, adminToken)
    const sent = await post<Invitation>(`${url}/admin/invitations/${id}/send`, undefined, adminToken)
    expect(sent).toMatchObject({ status: 200, body: { invited_by: { username: 'admin' } } })
    const headers = { Authorization: `Bearer ${adminToken}` }
    expect((await send(`${url}/admin/roles/${role}`, { method: 'DELETE', headers })).status).toBe(204)
    const second = secretsOf(await mailServer.mailTo(email, (one: ReceivedMail) => one !== mail)).secret
    expect((await accept(secretsOf(mail).secret)).status).toBe(400)
    expect(await accept(second)).toMatchObject({ status: 201, body: { roles: ['auditor'] } })
    expect(await eventsOf(id)).toEqual(['invitation.created', 'invitation.sent', 'invitation.accepted'])
  })

  test('works while registration is closed', async () => {
    const closed = await trio.startAuth({ REGISTRATION: 'closed' })
    const { secret } = await invited()
    const body = { username: newName(), password: newPassword() }
    expect((await post(`${closed.url}/auth/register`, body)).status).toBe(403)
    expect((await accept(secret, newName(), closed.url)).status).toBe(201)
  })

  test('is worthless after it was withdrawn or has expired', async () => {
    const withdrawn = await invited()
    const remove = () =>
      send(`${url}/admin/invitations/${withdrawn.id}`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${adminToken}` }
      })
    expect((await remove()).status).toBe(204)
    expect((await remove()).status).toBe(404)
    expect((await accept(withdrawn.secret)).status).toBe(400)
    expect(await eventsOf(withdrawn.id)).toEqual(['invitation.created', 'invitation.withdrawn'])

    const expired = await invited()
    await query(database.url, 'UPDATE invitations SET expires_at = now() WHERE id = $1', [expired.id])
    expect((await show(expired.secret)).status).toBe(400)
    expect((await accept(expired.secret)).status).toBe(400)
    expect((await accept(randomBytes(32).toString('base64url'))).status).toBe(400)
  })

  test('stays valid after a username that is taken, a bad password, and an address that another user has verified', async () => {
    const { secret, email } = await invited()
    const other = await register(url)
    expect((await accept(secret, other.username)).body.error).toBe('username_taken')
    const bad = await post(`${url}/auth/invitations/accept`, { secret, username: newName(), password: 'password' })
    expect(bad).toMatchObject({ status: 400, body: { issues: [{ path: 'password' }] } })
    await query(database.url, 'UPDATE users SET email = $2, email_key = $2, email_verified_at = now() WHERE id = $1', [
      other.id,
      email
    ])
    expect((await accept(secret)).body.error).toBe('address_taken')
    await query(database.url, 'UPDATE users SET email_key = NULL, email_verified_at = NULL WHERE id = $1', [other.id])
    expect((await accept(secret)).status).toBe(201)
  })

  test('is listed page by page, the latest first', async () => {
    const made: string[] = []
    for (let i = 0; i < 3; i++) made.unshift((await invite({ email: newAddress() })).body.id)
    const page = (cursor = '') =>
      get<{ invitations: Invitation[]; next_cursor: string }>(
        `${url}/admin/invitations?limit=2${cursor && `&cursor=${cursor}`}`,
        adminToken
      )
    const first = (await page()).body
    const second = (await page(first.next_cursor)).body
    expect([...first.invitations, ...second.invitations].map(({ id }) => id).slice(0, 3)).toEqual(made)
    expect((await page('x')).status).toBe(400)
  })

  test('refuses a second invitation of an address, and floods no mailbox', async () => {
    const email = newAddress()
    const { body } = await invite({ email })
    expect(await invite({ email })).toMatchObject({ status: 409, body: { error: 'already_invited' } })
    const again = () => post(`${url}/admin/invitations/${body.id}/send`, undefined, adminToken)
    for (let i = 0; i < 19; i++) expect((await again()).status).toBe(200)
    const refused = await again()
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('3600')
  })

  test('an admin has a budget of 100 mails in an hour', async () => {
    const { token } = await newAdmin()
    const statuses: number[] = []
    for (let i = 0; i < 101; i++) statuses.push((await invite({ email: newAddress() }, token)).status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(100)
    expect(statuses.at(-1)).toBe(429)
    expect((await invite({ email: newAddress() })).status).toBe(201)
  })

  test('the operator invites at the command line, and gives roles by that', async () => {
    const email = newAddress()
    const env = { DATABASE_URL: database.url, COUNTERSIGN_MASTER_KEY: masterKey, MAIL_FROM: 'no-reply@example.com' }
    const command = ['users', 'invite', email, '--role', 'auditor', '--username', 'dora', '--language', 'de', '--json']
    const made = await countersign<Invitation>(command, { env })
    expect(made).toMatchObject({
      code: 0,
      document: { email, username: 'dora', roles: ['auditor'], language: 'de', invited_by: null }
    })
    const mail = await mailServer.mailTo(email)
    expect(mail.content.subject).toContain('Sie sind eingeladen')
    expect(await accept(secretsOf(mail).secret)).toMatchObject({ status: 201, body: { roles: ['auditor'] } })
    expect(await countersign(command, { env })).toMatchObject({ code: 3, document: { error: 'address_taken' } })
    expect((await countersign(command, { env: { ...env, MAIL_FROM: '' } })).code).not.toBe(0)
  })

  test.each([
    [{}],
    [{ email: 'nobody' }],
    [{ email: 'a@b.example', username: 'a b' }],
    [{ email: 'a@b.example', roles: ['Admin'] }],
    [{ email: 'a@b.example', language: 'fr' }],
    [{ email: 'a@b.example\r\nBcc: c@d.example' }]
  ])('refuses %j', async (body) => {
    expect((await invite(body)).status).toBe(400)
  })
})
