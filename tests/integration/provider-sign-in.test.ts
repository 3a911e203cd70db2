import { createHash, generateKeyPairSync, randomBytes, randomUUID, verify } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { startPostgresFaults, type TestDatabase } from '@countersign/testing'
import {
  get,
  post,
  query,
  register,
  send,
  signIn,
  type Trio,
  untilReady,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, afterEach, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { type MailServer, secretsOf } from './fixtures/mail-server.ts'
import { type MailTrio, startMailTrio } from './fixtures/mail-trio.ts'
import { type MockProvider, startMockProvider, visit } from './fixtures/mock-provider.ts'

interface Started {
  authorization_url: string
  transaction: string
  expires_in: number
}

interface Finished {
  access_token: string
  refresh_token: string
  error?: string
  error_description?: string
}

interface IdentityOnWire {
  id: string
  provider: { id: string; name: string }
  address: string | null
}

describe.skipIf(!inject('docker'))('sign-in with other services', () => {
  let fixture: MailTrio
  let database: TestDatabase
  let mailServer: MailServer
  let trio: Trio
  let url: string
  let urls: string[]
  let admin: string
  let google: MockProvider
  let company: MockProvider
  const others: MockProvider[] = []

  beforeAll(async () => {
    fixture = await startMailTrio({
      authReplicas: 2,
      env: { REGISTRATIONS_PER_ADDRESS: '1000' }
    })
    ;({ database, mailServer, trio } = fixture)
    urls = trio.auths.map((auth) => auth.url)
    url = trio.auth.url
    google = await startMockProvider()
    company = await startMockProvider()
    admin = (await signIn(url, { username: 'admin', password: trio.adminPassword })).access_token
    await create({ id: 'google', kind: 'google', issuer: google.issuer })
    await create({ id: 'company', kind: 'oidc', name: 'The company', issuer: company.issuer })
  })
  afterEach(() => {
    for (const provider of [google, company])
      Object.assign(provider, { returned: {}, misbehave: {}, userinfo: {}, claims: {} })
  })
  afterAll(async () => {
    await google?.stop()
    await company?.stop()
    for (const other of others) await other.stop()
    await fixture?.stop()
  })

  async function another(): Promise<MockProvider> {
    const other = await startMockProvider()
    others.push(other)
    return other
  }
  async function create(provider: Record<string, unknown>) {
    const defaults = provider.apple_key === undefined ? { client_secret: 'a secret of the client' } : {}
    const body = { client_id: 'our-client', ...defaults, ...provider }
    const created = await post(`${url}/admin/providers`, body, admin)
    expect(created.status, JSON.stringify(created.body)).toBe(201)
    return created.body
  }
  const start = async (id: string, at = url) => {
    const started = await post<Started>(`${at}/auth/providers/${id}/start`, {})
    expect(started.status, JSON.stringify(started.body)).toBe(200)
    return started.body
  }
  const finish = (id: string, { transaction }: Pick<Started, 'transaction'>, parameters: object, at = url) =>
    post<Finished>(`${at}/auth/providers/${id}/finish`, { transaction, parameters })
  const signInWith = async (id: string) => {
    const started = await start(id)
    return finish(id, started, await visit(started.authorization_url))
  }
  const newAddress = (domain = 'example.com') => `p${randomBytes(6).toString('hex')}@${domain}`
  const newSubject = () => `subject-${randomUUID()}`
  const userOf = ({ body }: { body: Finished }) => unverifiedClaims(body.access_token).sub
  async function newUser(email = newAddress()) {
    const user = await register(url)
    await query(database.url, 'UPDATE users SET email = $2, email_key = $2, email_verified_at = now() WHERE id = $1', [
      user.id,
      email
    ])
    return { ...user, email }
  }
  const identitiesOf = async (token: string) =>
    (await get<{ identities: IdentityOnWire[] }>(`${url}/auth/me/identities`, token)).body.identities
  const link = async (id: string, token: string) => {
    const started = await post<Started>(`${url}/auth/me/providers/${id}/start`, undefined, token)
    expect(started.status, JSON.stringify(started.body)).toBe(200)
    const parameters = await visit(started.body.authorization_url)
    return post<IdentityOnWire & { error?: string }>(
      `${url}/auth/me/providers/${id}/finish`,
      { transaction: started.body.transaction, parameters },
      token
    )
  }
  const rows = async () =>
    (
      await query<{ users: number; identities: number }>(
        database.url,
        'SELECT (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM identities) AS identities'
      )
    )[0]
  /** Refused by this code, and nobody came into being. */
  async function expectRefused(finished: Promise<{ status: number; body: Finished }>, status: number, error: string) {
    const before = await rows()
    const { status: actual, body } = await finished
    expect({ status: actual, error: body.error }, JSON.stringify(body)).toEqual({ status, error })
    expect(await rows()).toEqual(before)
  }

  describe('the protocol', () => {
    test('offers the enabled providers, and nothing of how it authenticates itself there', async () => {
      const { body } = await get(`${url}/auth/providers`)
      expect(body).toEqual({
        providers: [
          { id: 'google', name: 'Google', kind: 'google' },
          { id: 'company', name: 'The company', kind: 'oidc' }
        ]
      })
      const listed = await get(`${url}/admin/providers`, admin)
      expect(JSON.stringify(listed.body)).not.toContain('a secret of the client')
      const stored = await query(database.url, 'SELECT * FROM identity_providers')
      expect(JSON.stringify(stored)).not.toContain('a secret of the client')
    })

    test('goes to the provider with state, nonce, PKCE and a redirect URI of its own, and signs in a new user', async () => {
      const name = 'Mallory the New'
      company.claims = { sub: newSubject(), email: newAddress(), preferred_username: 'mallory.new', name }
      const started = await start('company')
      const asked = new URL(started.authorization_url)
      expect(Object.fromEntries(asked.searchParams)).toEqual({
        client_id: 'our-client',
        response_type: 'code',
        scope: 'openid profile email',
        redirect_uri: 'https://pages.example.com/bff/providers/company/callback',
        state: expect.stringMatching(/^[\w-]{43}$/),
        nonce: expect.stringMatching(/^[\w-]{43}$/),
        max_age: '315360000',
        code_challenge: expect.stringMatching(/^[\w-]{43}$/),
        code_challenge_method: 'S256'
      })
      const finished = await finish('company', started, await visit(started.authorization_url), urls[1])
      expect(finished.status, JSON.stringify(finished.body)).toBe(200)
      expect(unverifiedClaims(finished.body.access_token)).toMatchObject({
        preferred_username: 'mallory.new',
        amr: ['fed'],
        acr: 'urn:countersign:acr:1'
      })
      expect((await get(`${url}/auth/me`, finished.body.access_token)).body).toMatchObject({ display_name: name })
      const sent = company.tokenRequests.at(-1) as Record<string, string>
      expect(sent).toMatchObject({ client_secret: 'a secret of the client' })
      const challenge = createHash('sha256')
        .update(sent.code_verifier as string)
        .digest('base64url')
      expect(asked.searchParams.get('code_challenge')).toBe(challenge)
      // The same identity is the same user, whatever else the provider says now.
      company.claims = { ...company.claims, email: newAddress(), preferred_username: 'other' }
      expect(userOf(await signInWith('company'))).toBe(userOf(finished))
      expect((await get<{ username: string }>(`${url}/auth/me`, finished.body.access_token)).body.username).toBe(
        'mallory.new'
      )
    })

    test('a username that is taken gets a suffix', async () => {
      company.claims = { sub: newSubject(), preferred_username: 'admin' }
      const { body } = await signInWith('company')
      expect(unverifiedClaims(body.access_token).preferred_username).toMatch(/^admin-\d+$/)
    })

    test('a new user is asked to try again when no username is free, and nothing is left of it', async () => {
      await query(
        database.url,
        `CREATE FUNCTION take_all_names() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER all_names_taken BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION take_all_names()`
      )
      try {
        company.claims = { sub: newSubject(), preferred_username: 'admin' }
        await expectRefused(signInWith('company'), 503, 'temporarily_unavailable')
      } finally {
        await query(database.url, 'DROP FUNCTION take_all_names() CASCADE')
      }
      expect((await signInWith('company')).status).toBe(200)
    })

    test('what the database keeps signs in nobody: neither state nor secret nor verifier is in it', async () => {
      const started = await start('company')
      const state = new URL(started.authorization_url).searchParams.get('state') as string
      const dump = JSON.stringify(await query(database.url, 'SELECT * FROM provider_transactions'))
      expect(dump).not.toContain(state)
      expect(dump).not.toContain(started.transaction)
    })

    const refusedTokens: [string, () => Record<string, unknown>][] = [
      ['another nonce', () => ({ nonce: 'another' })],
      ['no nonce', () => ({ nonce: undefined })],
      ['another audience', () => ({ aud: 'another-client' })],
      ['a further audience, for which another client asked', () => ({ aud: ['our-client', 'other'], azp: 'other' })],
      ['another issuer', () => ({ iss: google.issuer })],
      ['an end in the past', () => ({ exp: Math.floor(Date.now() / 1000) - 3600 })],
      ['a beginning in the future', () => ({ nbf: Math.floor(Date.now() / 1000) + 3600 })],
      ['no subject', () => ({ sub: undefined })]
    ]
    test.each(refusedTokens)('an ID token with %s is refused', async (_name, claims) => {
      company.claims = { sub: newSubject(), ...claims() }
      await expectRefused(signInWith('company'), 403, 'invalid_provider_response')
    })

    test('an ID token that another key has signed is refused, and one without a signature', async () => {
      const [other, honest] = [await startMockProvider(), { sub: newSubject() }]
      onTestFinished(() => other.stop())
      company.claims = honest
      const forge = (change: (parts: string[]) => string[]) => ({
        response: (response: { body: Record<string, unknown> }) => {
          response.body.id_token = change(String(response.body.id_token).split('.')).join('.')
        }
      })
      company.misbehave = forge(([header, payload, signature = '']) => [
        header as string,
        payload as string,
        `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
      ])
      await expectRefused(signInWith('company'), 403, 'invalid_provider_response')
      const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')
      company.misbehave = forge(([, payload]) => [none, payload as string, ''])
      await expectRefused(signInWith('company'), 403, 'invalid_provider_response')
      company.misbehave = {}
      expect((await signInWith('company')).status).toBe(200)
    })

    test('a token response without an ID token is refused', async () => {
      company.claims = { sub: newSubject() }
      company.misbehave = {
        response: (response) => {
          delete response.body.id_token
        }
      }
      await expectRefused(signInWith('company'), 403, 'invalid_provider_response')
    })

    test('an address that only the UserInfo endpoint says counts, unless it is about another subject', async () => {
      company.claims = { sub: newSubject() }
      company.userinfo = { email: newAddress(), sub: 'another' }
      await expectRefused(signInWith('company'), 403, 'invalid_provider_response')
      const email = newAddress()
      company.userinfo = { email, email_verified: true }
      const { body } = await signInWith('company')
      expect((await get(`${url}/auth/me`, body.access_token)).body).toMatchObject({ email, email_verified: false })
    })

    test('a response of another issuer is refused by its `iss` (RFC 9207)', async () => {
      company.claims = { sub: newSubject() }
      company.returned = { iss: google.issuer }
      await expectRefused(signInWith('company'), 403, 'invalid_provider_response')
      company.returned = { iss: company.issuer }
      expect((await signInWith('company')).status).toBe(200)
    })

    test('a user who declines there sees that', async () => {
      const started = await start('company')
      const { state } = await visit(started.authorization_url)
      const declined = { state, error: 'access_denied', error_description: 'The user said no.' }
      await expectRefused(finish('company', started, declined), 403, 'provider_declined')
    })
  })

  describe('the transaction', () => {
    test('is valid once, in the browser that began it, with its own state', async () => {
      company.claims = { sub: newSubject() }
      const [victim, attacker] = [await start('company'), await start('company')]
      const [own, foreign] = [await visit(victim.authorization_url), await visit(attacker.authorization_url)]
      // The attacker's response in the victim's browser (fixation), and the victim's in the attacker's.
      await expectRefused(finish('company', victim, foreign), 400, 'invalid_transaction')
      await expectRefused(finish('company', attacker, own), 400, 'invalid_transaction')
      await expectRefused(
        finish('company', { transaction: randomBytes(32).toString('base64url') }, own),
        400,
        'invalid_transaction'
      )
      await expectRefused(finish('company', victim, { code: own.code as string }), 400, 'invalid_transaction')
      // None of that has used it up.
      expect((await finish('company', victim, own)).status).toBe(200)
      await expectRefused(finish('company', victim, own), 400, 'invalid_transaction')
    })

    test('ends after ten minutes', async () => {
      company.claims = { sub: newSubject() }
      const started = await start('company')
      expect(started.expires_in).toBe(600)
      const parameters = await visit(started.authorization_url)
      await query(database.url, "UPDATE provider_transactions SET expires_at = expires_at - interval '600 seconds'")
      await expectRefused(finish('company', started, parameters), 400, 'invalid_transaction')
    })

    test('50 parallel finishes on two replicas: one succeeds', async () => {
      company.claims = { sub: newSubject() }
      const started = await start('company')
      const parameters = await visit(started.authorization_url)
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, at) => finish('company', started, parameters, urls[at % urls.length]))
      )
      expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
      expect(all.filter(({ body }) => body.error === 'invalid_transaction')).toHaveLength(49)
    })

    test('20 browsers of one new user at the same moment make one user', async () => {
      company.claims = { sub: newSubject(), email: newAddress() }
      const begun = await Promise.all(Array.from({ length: 20 }, () => start('company')))
      const visits = await Promise.all(begun.map((started) => visit(started.authorization_url)))
      const all = await Promise.all(
        begun.map((started, at) => finish('company', started, visits[at] as object, urls[at % urls.length]))
      )
      expect(new Set(all.map(userOf)).size, JSON.stringify(all.map(({ body }) => body.error))).toBe(1)
    })

    test('of a sign-in links nothing, and one of a link signs in nobody', async () => {
      company.claims = { sub: newSubject() }
      const user = await newUser()
      const token = (await signIn(url, user)).access_token
      const toSignIn = await start('company')
      const linked = await post<Finished>(
        `${url}/auth/me/providers/company/finish`,
        { transaction: toSignIn.transaction, parameters: await visit(toSignIn.authorization_url) },
        token
      )
      expect(linked.body.error).toBe('invalid_transaction')
      const toLink = (await post<Started>(`${url}/auth/me/providers/company/start`, undefined, token)).body
      await expectRefused(finish('company', toLink, await visit(toLink.authorization_url)), 400, 'invalid_transaction')
    })

    test('GHSA-x445-f3h2-j279 (Auth.js): a response of one provider at the redirect URI of another is refused', async () => {
      company.claims = { sub: newSubject() }
      const started = await start('company')
      const parameters = await visit(started.authorization_url)
      const before = google.tokenRequests.length
      await expectRefused(finish('google', started, parameters), 400, 'invalid_transaction')
      // The code has not gone to the other one.
      expect(google.tokenRequests).toHaveLength(before)
      expect((await finish('company', started, parameters)).status).toBe(200)
    })
  })

  describe('linking', () => {
    test('an account with the address is never linked automatically by a provider that is not trusted for the address', async () => {
      const user = await newUser()
      company.claims = { sub: newSubject(), email: user.email, email_verified: true }
      await expectRefused(signInWith('company'), 409, 'account_exists')
    })

    test('CVE-2026-9087 (Keycloak): an address that the provider has not verified links nothing, whatever the provider is trusted for', async () => {
      const user = await newUser(newAddress('gmail.com'))
      for (const email_verified of [undefined, false, 'false', 1]) {
        google.claims = { sub: newSubject(), email: user.email, email_verified }
        const stranger = await signInWith('google')
        expect(userOf(stranger)).not.toBe(user.id)
        // It does not even tell that there is an account: anybody could have written the address there.
        expect((await get(`${url}/auth/me`, stranger.body.access_token)).body).toMatchObject({ email: null })
      }
      google.claims = { ...google.claims, sub: newSubject(), email_verified: true, email: newAddress('gmail.com') }
      expect((await signInWith('google')).status).toBe(200)
    })

    test('GHSA-g38m-r43w-p2q7 (Better Auth): an account whose address nobody has verified here is not linked, but left alone', async () => {
      const email = newAddress('gmail.com')
      const prepared = await register(url)
      await query(database.url, 'UPDATE users SET email = $2 WHERE id = $1', [prepared.id, email])
      google.claims = { sub: newSubject(), email, email_verified: true }
      const finished = await signInWith('google')
      expect(finished.status).toBe(200)
      expect(userOf(finished)).not.toBe(prepared.id)
      // The address is that of the person now. The prepared password does not sign them in.
      expect((await post(`${url}/auth/login`, { username: email, password: prepared.password })).status).toBe(401)
    })

    test('CVE-2026-82968 (Keycloak): an identity whose address has changed to that of somebody else stays the same user', async () => {
      const user = await newUser(newAddress('gmail.com'))
      google.claims = { sub: newSubject(), email: newAddress('gmail.com'), email_verified: true }
      const before = await signInWith('google')
      google.claims = { ...google.claims, email: user.email }
      const after = await signInWith('google')
      expect(userOf(after)).toBe(userOf(before))
      expect(userOf(after)).not.toBe(user.id)
    })

    test('Google is trusted for gmail.com and for the domain of the organization: the account is linked, and its user gets a mail', async () => {
      const user = await newUser(newAddress('gmail.com'))
      google.claims = { sub: newSubject(), email: user.email.toUpperCase(), email_verified: true }
      expect(userOf(await signInWith('google'))).toBe(user.id)
      await mailServer.mailTo(user.email, ({ content }) => /added/.test(content.subject ?? ''))
      const worker = await newUser(newAddress('workspace.example'))
      google.claims = { sub: newSubject(), email: worker.email, email_verified: true, hd: 'other.example' }
      await expectRefused(signInWith('google'), 409, 'account_exists')
      google.claims = { ...google.claims, hd: 'workspace.example' }
      expect(userOf(await signInWith('google'))).toBe(worker.id)
      // It keeps its password.
      await signIn(url, worker)
    })

    test('a provider is trusted for the domains that are configured, and not for those beneath', async () => {
      const staff = await another()
      await create({
        id: 'staff',
        kind: 'oidc',
        name: 'Staff',
        issuer: staff.issuer,
        authoritative_domains: ['Staff.Example']
      })
      const user = await newUser(newAddress('staff.example'))
      staff.claims = { sub: newSubject(), email: user.email, email_verified: true }
      expect(userOf(await signInWith('staff'))).toBe(user.id)
      const beneath = await newUser(newAddress('sub.staff.example'))
      staff.claims = { sub: newSubject(), email: beneath.email, email_verified: true }
      await expectRefused(signInWith('staff'), 409, 'account_exists')
      staff.claims = { sub: newSubject(), email: newAddress('staff.example'), email_verified: true }
      const { body } = await signInWith('staff')
      expect((await get(`${url}/auth/me`, body.access_token)).body).toMatchObject({ email_verified: true })
      expect(
        (
          await send(`${url}/admin/providers/staff?with_identities=true`, {
            method: 'DELETE',
            headers: { Authorization: `Bearer ${admin}` }
          })
        ).status
      ).toBe(204)
    })

    test('a disabled user is refused as with a wrong password, also at the address of an account', async () => {
      const user = await newUser(newAddress('gmail.com'))
      google.claims = { sub: newSubject(), email: user.email, email_verified: true }
      await query(database.url, 'UPDATE users SET disabled_at = now() WHERE id = $1', [user.id])
      await expectRefused(signInWith('google'), 401, 'invalid_credentials')
      await query(database.url, 'UPDATE users SET disabled_at = NULL WHERE id = $1', [user.id])
      expect(userOf(await signInWith('google'))).toBe(user.id)
      await query(database.url, 'UPDATE users SET disabled_at = now() WHERE id = $1', [user.id])
      await expectRefused(signInWith('google'), 401, 'invalid_credentials')
    })

    test('a user links an identity in a session, signs in with it, and unlinks it, and gets a mail each time', async () => {
      const user = await newUser()
      const session = await signIn(url, user)
      company.claims = { sub: newSubject(), email: newAddress() }
      const linked = await link('company', session.access_token)
      expect(linked.status, JSON.stringify(linked.body)).toBe(200)
      expect(linked.body).toMatchObject({
        provider: { id: 'company', name: 'The company' },
        address: company.claims.email
      })
      await mailServer.mailTo(user.email, ({ content }) => /added/.test(content.subject ?? ''))
      expect(userOf(await signInWith('company'))).toBe(user.id)
      // Once more is no change.
      expect((await link('company', session.access_token)).body.id).toBe(linked.body.id)
      expect(await identitiesOf(session.access_token)).toHaveLength(1)
      const data = await get(`${url}/auth/me/data`, session.access_token)
      expect(data.body).toMatchObject({ identities: [{ id: linked.body.id }] })
      const unlink = () =>
        send(`${url}/auth/me/identities/${linked.body.id}`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${session.access_token}` }
        })
      expect((await unlink()).status).toBe(204)
      expect((await unlink()).status).toBe(404)
      await mailServer.mailTo(user.email, ({ content }) => /removed/.test(content.subject ?? ''))
      expect(userOf(await signInWith('company'))).not.toBe(user.id)
      const events = await query<{ type: string }>(
        database.url,
        "SELECT type FROM audit_events WHERE user_id = $1 AND type LIKE 'identity.%' ORDER BY at, id",
        [user.id]
      )
      expect(events.map(({ type }) => type)).toEqual(['identity.linked', 'identity.unlinked'])
    })

    test('an identity of another user is not linked, and a link ends with its session and with a changed password', async () => {
      company.claims = { sub: newSubject() }
      await signInWith('company')
      const user = await newUser()
      const token = (await signIn(url, user)).access_token
      expect((await link('company', token)).body.error).toBe('identity_taken')
      company.claims = { sub: newSubject() }
      const started = (await post<Started>(`${url}/auth/me/providers/company/start`, undefined, token)).body
      const body = { transaction: started.transaction, parameters: await visit(started.authorization_url) }
      // In another session of the same user.
      const other = (await signIn(url, user)).access_token
      const elsewhere = await post(`${url}/auth/me/providers/company/finish`, body, other)
      expect(elsewhere).toMatchObject({ status: 400, body: { error: 'invalid_transaction' } })
      const again = (await post<Started>(`${url}/auth/me/providers/company/start`, undefined, token)).body
      const parameters = await visit(again.authorization_url)
      const change = { current_password: user.password, new_password: randomBytes(12).toString('base64url') }
      expect((await post(`${url}/auth/password`, change, token)).status).toBe(204)
      const late = await post(
        `${url}/auth/me/providers/company/finish`,
        { transaction: again.transaction, parameters },
        token
      )
      expect(late).toMatchObject({ status: 400, body: { error: 'invalid_transaction' } })
    })

    test('needs a recent sign-in', async () => {
      const user = await newUser()
      const session = await signIn(url, user)
      const { sid } = unverifiedClaims(session.access_token)
      await query(
        database.url,
        "UPDATE refresh_token_families SET authenticated_at = authenticated_at - interval '1 hour' WHERE id = $1",
        [sid]
      )
      const { access_token: old } = (
        await post<Finished>(`${url}/auth/refresh`, { refresh_token: session.refresh_token })
      ).body
      const started = await post(`${url}/auth/me/providers/company/start`, undefined, old)
      expect(started).toMatchObject({ status: 401, body: { error: 'insufficient_user_authentication' } })
    })

    test('the last way in stays: an identity at a disabled provider does not count, and of two removed at once one stays', async () => {
      company.claims = { sub: newSubject() }
      const { body } = await signInWith('company')
      const token = body.access_token
      const [own] = (await identitiesOf(token)) as [IdentityOnWire]
      const unlink = (id: string, at = url) =>
        send<{ error: string }>(`${at}/auth/me/identities/${id}`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${token}` }
        })
      expect(await unlink(own.id)).toMatchObject({ status: 409, body: { error: 'last_way_in' } })
      google.claims = { sub: newSubject() }
      expect((await link('google', token)).status).toBe(200)
      const enable = (enabled: boolean) =>
        send(`${url}/admin/providers/google`, {
          method: 'PATCH',
          headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
          body: JSON.stringify({ enabled })
        })
      expect((await enable(false)).status).toBe(200)
      expect(await unlink(own.id)).toMatchObject({ status: 409, body: { error: 'last_way_in' } })
      await enable(true)
      const all = await identitiesOf(token)
      const both = await Promise.all(all.map(({ id }, at) => unlink(id, urls[at])))
      expect(both.map(({ status }) => status).sort()).toEqual([204, 409])
      expect(await identitiesOf(token)).toHaveLength(1)
    })

    const ofAdmin = <T = { error?: string }>(method: string, path: string, at = url, token = admin) =>
      send<T>(`${at}/admin/users/${path}`, { method, headers: { Authorization: `Bearer ${token}` } })

    test('an admin sees how a user signs in, and unlinks an identity: all sessions end, and the user gets a mail', async () => {
      const user = await newUser()
      const session = await signIn(url, user)
      company.claims = { sub: newSubject(), email: newAddress() }
      const { body: linked } = await link('company', session.access_token)
      const shown = await ofAdmin<Record<string, unknown>>('GET', `${user.id}/credentials`)
      expect(shown).toMatchObject({
        status: 200,
        body: {
          password: true,
          passkeys: [],
          identities: [{ id: linked.id, provider: { id: 'company' }, address: company.claims.email }],
          totp: null,
          recovery_codes_left: 0,
          only_passkeys: false
        }
      })
      expect(Object.keys(shown.body).sort()).toEqual([
        'identities',
        'only_passkeys',
        'passkeys',
        'password',
        'recovery_codes_left',
        'totp'
      ])
      const path = `${user.id}/identities/${linked.id}`
      const stranger = await newUser()
      expect((await ofAdmin('DELETE', `${stranger.id}/identities/${linked.id}`)).status).toBe(404)
      expect((await get(`${url}/auth/me`, session.access_token)).status).toBe(200)
      expect((await ofAdmin('DELETE', path)).status).toBe(204)
      expect((await get(`${urls[1]}/auth/me`, session.access_token)).status).toBe(401)
      expect((await ofAdmin('DELETE', path)).status).toBe(404)
      await mailServer.mailTo(user.email, ({ content }) => /an operator/.test(content.text ?? ''))
      expect(userOf(await signInWith('company'))).not.toBe(user.id)
      const events = await query<{ type: string; by: boolean; detail: object }>(
        database.url,
        `SELECT type, actor_id = $2 AS by, detail FROM audit_events
         WHERE user_id = $1 AND type IN ('identity.unlinked', 'session.ended') ORDER BY type`,
        [user.id, unverifiedClaims(admin).sub]
      )
      expect(events).toEqual([
        { type: 'identity.unlinked', by: true, detail: { provider: 'company' } },
        { type: 'session.ended', by: true, detail: { reason: 'ended_by_admin' } }
      ])
    })

    test('refuses to unlink the last way in, also when the user unlinks another identity at the same moment', async () => {
      company.claims = { sub: newSubject() }
      const { body } = await signInWith('company')
      const { sub } = unverifiedClaims(body.access_token)
      const [own] = (await identitiesOf(body.access_token)) as [IdentityOnWire]
      expect((await ofAdmin<object>('GET', `${sub}/credentials`)).body).toMatchObject({ password: false })
      expect(await ofAdmin('DELETE', `${sub}/identities/${own.id}`)).toMatchObject({
        status: 409,
        body: { error: 'last_way_in_of_user' }
      })
      expect(await identitiesOf(body.access_token)).toHaveLength(1)
      google.claims = { sub: newSubject() }
      const { body: second } = await link('google', body.access_token)
      const [byUser, byAdmin] = await Promise.all([
        send(`${urls[1]}/auth/me/identities/${own.id}`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${body.access_token}` }
        }),
        ofAdmin('DELETE', `${sub}/identities/${second.id}`)
      ])
      expect([byUser.status, byAdmin.status].filter((status) => status === 204)).toHaveLength(1)
      expect((await ofAdmin<{ identities: object[] }>('GET', `${sub}/credentials`)).body.identities).toHaveLength(1)
    })

    test('no session begins with an identity that an admin unlinks meanwhile', async () => {
      const faults = await startPostgresFaults(database.url)
      const auth = await trio.startAuth({ DATABASE_URL: faults.url })
      try {
        await untilReady(auth)
        const user = await newUser()
        company.claims = { sub: newSubject() }
        const { body: linked } = await link('company', (await signIn(url, user)).access_token)
        let isFound = false
        let unlinked: number | undefined
        faults.intercept({
          moment: 'before_sending',
          times: 1,
          matches(text) {
            isFound ||= text.includes('UPDATE identities')
            return isFound && text.includes('password_hash')
          },
          async action() {
            unlinked = (await ofAdmin('DELETE', `${user.id}/identities/${linked.id}`)).status
          }
        })
        const started = await start('company', auth.url)
        const finished = await finish('company', started, await visit(started.authorization_url), auth.url)
        expect(unlinked).toBe(204)
        expect(finished.status, JSON.stringify(finished.body)).toBe(401)
        const live = await query(
          database.url,
          'SELECT 1 FROM refresh_token_families WHERE user_id = $1 AND revoked_at IS NULL',
          [user.id]
        )
        expect(live).toEqual([])
      } finally {
        await auth.stop()
        await faults.close()
      }
    })

    test('a former admin unlinks nothing', async () => {
      const user = await newUser()
      const session = await signIn(url, user)
      company.claims = { sub: newSubject() }
      const { body: linked } = await link('company', session.access_token)
      const former = await newUser()
      await query(database.url, "UPDATE users SET roles = '{admin}' WHERE id = $1", [former.id])
      const { access_token: token } = await signIn(url, former)
      await query(database.url, "UPDATE users SET roles = '{}' WHERE id = $1", [former.id])
      const path = `${user.id}/identities/${linked.id}`
      expect(await ofAdmin('DELETE', path, url, token)).toMatchObject({ status: 403 })
      expect(await identitiesOf(session.access_token)).toHaveLength(1)
      expect((await ofAdmin('GET', `${randomUUID()}/credentials`)).status).toBe(404)
      expect((await ofAdmin('GET', 'nobody/credentials')).status).toBe(404)
    })

    test('undoing a change of the address unlinks what was linked since, and keeps what was there before', async () => {
      const user = await newUser()
      const token = (await signIn(url, user)).access_token
      company.claims = { sub: newSubject() }
      await link('company', token)
      const thief = newAddress()
      expect((await post(`${url}/auth/me/email`, { email: thief }, token)).status).toBe(202)
      const { secret } = secretsOf(await mailServer.mailTo(thief))
      expect((await post(`${url}/auth/me/email/confirm`, { secret }, token)).status).toBe(204)
      google.claims = { sub: newSubject() }
      expect((await link('google', token)).status).toBe(200)
      const undo = secretsOf(
        await mailServer.mailTo(user.email, ({ content }) => /changed/.test(content.subject ?? ''))
      )
      const body = { secret: undo.secret, new_password: randomBytes(12).toString('base64url') }
      expect((await post(`${url}/auth/email/undo`, body)).status).toBe(204)
      expect(userOf(await signInWith('company'))).toBe(user.id)
      expect(userOf(await signInWith('google'))).not.toBe(user.id)
    })

    test('a deleted user leaves no identity', async () => {
      company.claims = { sub: newSubject() }
      const id = userOf(await signInWith('company'))
      const headers = { Authorization: `Bearer ${admin}` }
      expect((await send(`${url}/admin/users/${id}`, { method: 'DELETE', headers })).status).toBe(204)
      expect(await query(database.url, 'SELECT 1 FROM identities WHERE user_id = $1', [id])).toEqual([])
    })
  })

  describe('a second factor', () => {
    const giveFactor = (id: unknown) =>
      query(database.url, "INSERT INTO totp_factors (user_id, sealed_seed, last_step) VALUES ($1, '\\x00', 0)", [id])

    test('lets nothing be linked before it was shown', async () => {
      const user = await newUser(newAddress('gmail.com'))
      await giveFactor(user.id)
      google.claims = { sub: newSubject(), email: user.email, email_verified: true, amr: ['mfa'] }
      await expectRefused(signInWith('google'), 409, 'account_exists')
      expect(await query(database.url, 'SELECT 1 FROM identities WHERE user_id = $1', [user.id])).toEqual([])
    })

    test('is asked for after the provider', async () => {
      const user = await newUser(newAddress('gmail.com'))
      google.claims = { sub: newSubject(), email: user.email, email_verified: true, amr: ['mfa'] }
      expect((await signInWith('google')).status).toBe(200)
      await giveFactor(user.id)
      for (let time = 0; time < 2; time++) {
        const { status, body } = await signInWith('google')
        expect({ status, body }).toMatchObject({
          status: 401,
          body: { error: 'factor_required', flow: expect.any(String), factors: ['totp', 'recovery_code'] }
        })
        expect(body.access_token).toBeUndefined()
      }
    })

    test('and a sign-in is only as recent as the provider says', async () => {
      const hourAgo = Math.floor(Date.now() / 1000) - 3600
      for (const auth_time of [hourAgo, undefined, 1e15]) {
        company.claims = { sub: newSubject(), auth_time }
        const { body } = await signInWith('company')
        const said = auth_time === hourAgo ? hourAgo : 0
        expect(unverifiedClaims(body.access_token).auth_time).toBe(said)
        const change = await post(`${url}/auth/me/totp`, undefined, body.access_token)
        expect(change).toMatchObject({ status: 401, body: { error: 'insufficient_user_authentication' } })
      }
      company.claims = { sub: newSubject(), auth_time: Math.floor(Date.now() / 1000) + 3600 }
      const { body } = await signInWith('company')
      const { auth_time, iat } = unverifiedClaims(body.access_token)
      expect(auth_time).toBe(iat)
    })

    test('that the provider has seen counts only where that is configured', async () => {
      const strong = await another()
      await create({ id: 'strong', kind: 'oidc', name: 'Strong', issuer: strong.issuer, trusts_amr: true })
      const [claims, once, twice] = [{ sub: newSubject() }, ['pwd'], ['pwd', 'mfa']]
      company.claims = { ...claims, amr: once }
      await giveFactor(userOf(await signInWith('company')))
      company.claims = { ...claims, amr: twice }
      expect((await signInWith('company')).body.error).toBe('factor_required')
      strong.claims = { ...claims, amr: once }
      const id = userOf(await signInWith('strong'))
      await giveFactor(id)
      expect((await signInWith('strong')).body.error).toBe('factor_required')
      strong.claims = { ...claims, amr: twice }
      const { body } = await signInWith('strong')
      expect(unverifiedClaims(body.access_token)).toMatchObject({
        sub: id,
        acr: 'urn:countersign:acr:2',
        amr: ['fed', 'mfa']
      })
    })
  })

  describe('signing in again within a session', () => {
    const startStepUp = (id: string, token: string) =>
      post<Started & { error?: string }>(`${url}/auth/step-up/providers/${id}/start`, undefined, token)
    const finishStepUp = (id: string, token: string, transaction: string, parameters: object, at = url) =>
      post<Finished & { flow?: string }>(
        `${at}/auth/step-up/providers/${id}/finish`,
        { transaction, parameters },
        token
      )
    const stepUpWith = async (id: string, token: string) => {
      const started = await startStepUp(id, token)
      expect(started.status, JSON.stringify(started.body)).toBe(200)
      return finishStepUp(id, token, started.body.transaction, await visit(started.body.authorization_url))
    }
    /** A user who signs in with the company alone, in a session that is an hour old. */
    async function newVisitor() {
      company.claims = { sub: newSubject(), email: newAddress() }
      const first = await signInWith('company')
      await query(
        database.url,
        `UPDATE refresh_token_families SET authenticated_at = now() - interval '1 hour' WHERE user_id = $1`,
        [userOf(first)]
      )
      const { body } = await post<Finished>(`${url}/auth/refresh`, { refresh_token: first.body.refresh_token })
      return { id: userOf(first) as string, token: body.access_token }
    }
    const changesAccount = async (token: string) =>
      (await post(`${url}/auth/me/username`, { username: `u${randomBytes(6).toString('hex')}` }, token)).status

    test('the user has to sign in there again, and a new session takes the place of the old one', async () => {
      const { id, token } = await newVisitor()
      expect(await changesAccount(token)).toBe(401)
      const again = await stepUpWith('company', token)
      expect(again.status, JSON.stringify(again.body)).toBe(200)
      const [before, after] = [unverifiedClaims(token), unverifiedClaims(again.body.access_token)]
      expect(after).toMatchObject({ sub: id, amr: ['fed'] })
      expect(after.sid).not.toBe(before.sid)
      expect(after.auth_time).toBeGreaterThan((before.auth_time as number) + 3000)
      expect(await changesAccount(again.body.access_token)).not.toBe(401)
      await expect.poll(async () => (await get(`${url}/auth/me`, token)).status).toBe(401)
      const asked = company.authorizations.at(-1)
      expect([asked?.get('max_age'), asked?.get('prompt')]).toEqual(['0', 'login'])
    })

    test.each([
      ['an hour ago', { auth_time: Math.floor(Date.now() / 1000) - 3600 }],
      ['at a time that it does not say', { auth_time: undefined }]
    ])('a sign-in there %s is not enough', async (_when, claims) => {
      const { token } = await newVisitor()
      Object.assign(company.claims, claims)
      expect(await stepUpWith('company', token)).toMatchObject({ status: 403, body: { error: 'sign_in_not_recent' } })
      expect(await changesAccount(token)).toBe(401)
    })

    test('a clock that is ahead there makes the session no more recent than it is', async () => {
      const { token } = await newVisitor()
      company.claims.auth_time = Math.floor(Date.now() / 1000) + 3600
      const { body } = await stepUpWith('company', token)
      expect(unverifiedClaims(body.access_token).auth_time).toBeLessThanOrEqual(Date.now() / 1000)
    })

    test('nobody else there is taken, and nobody is linked or created', async () => {
      const { id, token } = await newVisitor()
      const other = await newVisitor()
      // The claims are now those of the other user.
      const before = await rows()
      expect(await stepUpWith('company', token)).toMatchObject({ status: 403, body: { error: 'other_identity' } })
      company.claims = { sub: newSubject(), email: newAddress() }
      expect(await stepUpWith('company', token)).toMatchObject({ status: 403, body: { error: 'other_identity' } })
      expect(await rows()).toEqual(before)
      expect((await get(`${url}/auth/me`, token)).status).toBe(200)
      const events = await query<{ user_id: string }>(
        database.url,
        `SELECT user_id FROM audit_events WHERE type = 'reauthentication.failed' AND user_id = ANY($1)`,
        [[id, other.id]]
      )
      expect(events.map(({ user_id }) => user_id)).toEqual([id, id])
    })

    test('its transaction is valid once, for this session and for nothing else', async () => {
      const { token } = await newVisitor()
      const { transaction, authorization_url } = (await startStepUp('company', token)).body
      const parameters = await visit(authorization_url)
      const other = (await signInWith('company')).body.access_token
      const at = (path: string, bearer?: string) => post(`${url}${path}`, { transaction, parameters }, bearer)
      for (const refused of [
        at('/auth/providers/company/finish'),
        at('/auth/me/providers/company/finish', token),
        at('/auth/step-up/providers/google/finish', token)
      ]) {
        expect(await refused).toMatchObject({ status: 400, body: { error: 'invalid_transaction' } })
      }
      // In another session of the same user, it is used up.
      const elsewhere = await finishStepUp('company', other, transaction, parameters)
      expect(elsewhere).toMatchObject({ status: 400, body: { error: 'invalid_transaction' } })
      const signInStarted = await start('company')
      const returned = await visit(signInStarted.authorization_url)
      const swapped = await finishStepUp('company', token, signInStarted.transaction, returned)
      expect(swapped).toMatchObject({ status: 400, body: { error: 'invalid_transaction' } })
      const parallel = await startStepUp('company', token)
      const brought = await visit(parallel.body.authorization_url)
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          finishStepUp('company', token, parallel.body.transaction, brought, urls[i % 2])
        )
      )
      expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(1)
    })

    test('ends with a change of a credential meanwhile', async () => {
      const { id, token } = await newVisitor()
      const { transaction, authorization_url } = (await startStepUp('company', token)).body
      const parameters = await visit(authorization_url)
      await query(database.url, 'UPDATE users SET credentials_version = credentials_version + 1 WHERE id = $1', [id])
      expect((await finishStepUp('company', token, transaction, parameters)).status).toBe(403)
    })

    test('a second factor is asked for after it', async () => {
      const { id, token } = await newVisitor()
      await query(database.url, `INSERT INTO totp_factors (user_id, sealed_seed, last_step) VALUES ($1, '\\x00', 0)`, [
        id
      ])
      const { status, body } = await stepUpWith('company', token)
      expect({ status, error: body.error, flow: typeof body.flow }).toEqual({
        status: 401,
        error: 'factor_required',
        flow: 'string'
      })
      expect((await get(`${url}/auth/me`, token)).status).toBe(200)
    })

    test('a service that cannot say when its user signed in is refused before the browser goes there', async () => {
      const hub = await startMockProvider()
      onTestFinished(() => hub.stop())
      await create({ id: 'hub', kind: 'github', issuer: hub.issuer })
      const { token } = await newVisitor()
      expect(await startStepUp('hub', token)).toMatchObject({ status: 403, body: { error: 'sign_in_not_recent' } })
      const removed = await send(`${url}/admin/providers/hub`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${admin}` }
      })
      expect(removed.status).toBe(204)
    })
  })

  describe('where registration is closed', () => {
    test('an unknown identity is refused, and a linked one signs in', async () => {
      const closed = await trio.startAuth({ REGISTRATION: 'closed', PAGES_URL: 'https://pages.example.com' })
      company.claims = { sub: newSubject() }
      const started = await start('company', closed.url)
      const parameters = await visit(started.authorization_url)
      await expectRefused(finish('company', started, parameters, closed.url), 403, 'registration_closed')
      const user = await newUser()
      await link('company', (await signIn(url, user)).access_token)
      const again = await start('company', closed.url)
      const finished = await finish('company', again, await visit(again.authorization_url), closed.url)
      expect(userOf(finished)).toBe(user.id)
      await closed.stop()
    })
  })

  describe('a provider that is unavailable', () => {
    let handle: (request: IncomingMessage, response: ServerResponse) => void
    let issuer: string
    const json = (response: ServerResponse, body: unknown, status = 200) => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    }

    beforeAll(async () => {
      const server = createServer((request, response) => handle(request, response))
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      await create({ id: 'shaky', kind: 'oidc', name: 'Shaky', issuer })
      return async () => {
        server.closeAllConnections()
        server.close()
      }
    })
    const metadata = () => ({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256']
    })
    const begin = () =>
      post<Started & { error?: string; error_description?: string }>(`${url}/auth/providers/shaky/start`, {})

    test('is 503 with a sentence, for faults and for metadata of somebody else, and other ways go on', async () => {
      const responses: ((response: ServerResponse) => void)[] = [
        (response) => response.destroy(),
        (response) => json(response, {}, 500),
        (response) => json(response, {}, 404),
        (response) => response.end('<html>'),
        (response) => json(response, { ...metadata(), issuer: company.issuer })
      ]
      for (const respond of responses) {
        handle = (_request, response) => respond(response)
        const { status, body, headers } = await begin()
        expect({ status, error: body.error }).toEqual({ status: 503, error: 'temporarily_unavailable' })
        expect(body.error_description).toMatch(/does not respond/)
        expect(headers.get('Retry-After')).toBe('5')
      }
      company.claims = { sub: newSubject() }
      expect((await signInWith('company')).status).toBe(200)
      handle = (_request, response) => json(response, metadata())
      expect((await begin()).status).toBe(200)
    })

    test('that never responds ends in time, at both steps', async () => {
      await send(`${url}/admin/providers/shaky`, {
        method: 'PATCH',
        headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ name: 'Shaky, changed' })
      })
      handle = () => {}
      expect((await begin()).status).toBe(503)
      handle = (request, response) => {
        if (request.url?.includes('.well-known')) json(response, metadata())
      }
      const { body } = await begin()
      const state = new URL(body.authorization_url).searchParams.get('state')
      const late = await finish('shaky', body, { code: 'a-code', state })
      expect(late).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    })
  })

  test('Microsoft: tid and oid are the key, and neither the address nor the subject is', async () => {
    const [tid, oid] = [randomUUID(), randomUUID()]
    const microsoft = await startMockProvider({ path: `/${tid}/v2.0` })
    onTestFinished(() => microsoft.stop())
    await create({ id: 'microsoft', kind: 'microsoft', issuer: microsoft.issuer })
    const user = await newUser()
    microsoft.claims = { sub: newSubject(), tid, oid }
    const first = await signInWith('microsoft')
    expect(first.status, JSON.stringify(first.body)).toBe(200)
    // The subject differs from client to client, and the address is what an admin of the tenant writes (nOAuth).
    microsoft.claims = { sub: newSubject(), tid, oid, email: user.email }
    expect(userOf(await signInWith('microsoft'))).toBe(userOf(first))
    microsoft.claims = { ...microsoft.claims, oid: randomUUID() }
    const stranger = await signInWith('microsoft')
    expect([user.id, userOf(first)]).not.toContain(userOf(stranger))
    for (const claims of [{ oid }, { tid }, { tid: randomUUID(), oid }]) {
      microsoft.claims = { sub: newSubject(), ...claims }
      await expectRefused(signInWith('microsoft'), 403, 'invalid_provider_response')
    }
  })

  test('Apple: the secret is a JWT of the key, the response is posted, and the address may be said in text', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const cupertino = await another()
    await create({
      id: 'apple',
      kind: 'apple',
      issuer: cupertino.issuer,
      authoritative_domains: ['icloud.example'],
      apple_key: {
        team_id: 'TEAM123456',
        key_id: 'KEY1234567',
        private_key: privateKey.export({ format: 'pem', type: 'pkcs8' })
      }
    })
    const user = await newUser(newAddress('icloud.example'))
    cupertino.claims = { sub: newSubject(), email: user.email, email_verified: 'true' }
    const started = await start('apple')
    expect(new URL(started.authorization_url).searchParams.get('response_mode')).toBe('form_post')
    const parameters = {
      ...(await visit(started.authorization_url)),
      user: JSON.stringify({ name: { firstName: 'Ada' } })
    }
    expect(userOf(await finish('apple', started, parameters))).toBe(user.id)
    const { client_secret: secret } = cupertino.tokenRequests.at(-1) as { client_secret: string }
    const [header, payload, signature] = secret.split('.') as [string, string, string]
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
    expect(verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'ES256', kid: 'KEY1234567' })
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      iss: 'TEAM123456',
      sub: 'our-client',
      aud: cupertino.issuer
    })
    // The name comes once, beside the code, and becomes a username.
    cupertino.claims = { sub: newSubject() }
    const first = await start('apple')
    const named = {
      ...(await visit(first.authorization_url)),
      user: JSON.stringify({ name: { firstName: `Ada${newSubject().slice(-6)}` } })
    }
    const { body } = await finish('apple', first, named)
    expect(unverifiedClaims(body.access_token).preferred_username).toMatch(/^Ada/)
  })

  test('GitHub: the number is the key, and the address is the primary one if it is verified', async () => {
    const github = { id: 4711, login: 'octo', emails: [] as object[], status: 200 }
    const seen: Record<string, string>[] = []
    const server = createServer(async (request, response) => {
      const respond = (body: unknown, status = 200) =>
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
      if (request.url === '/login/oauth/access_token') {
        seen.push(Object.fromEntries(new URLSearchParams(await text(request))))
        return respond({ access_token: 'a token of github', token_type: 'bearer', scope: 'read:user,user:email' })
      }
      if (request.headers.authorization !== 'Bearer a token of github') return respond({}, 401)
      if (request.url === '/api/v3/user') return respond({ id: github.id, login: github.login }, github.status)
      return respond(github.emails)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.close()
    })
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await create({ id: 'github', kind: 'github', issuer, authoritative_domains: ['example.com'] })
    const comeBack = async () => {
      const started = await start('github')
      const asked = new URL(started.authorization_url)
      expect(asked.pathname).toBe('/login/oauth/authorize')
      expect(asked.searchParams.get('code_challenge_method')).toBe('S256')
      return finish('github', started, { code: 'a-code', state: asked.searchParams.get('state') })
    }
    const user = await newUser()
    github.emails = [{ email: user.email, primary: true, verified: false }]
    const stranger = await comeBack()
    expect(stranger.status, JSON.stringify(stranger.body)).toBe(200)
    expect(userOf(stranger)).not.toBe(user.id)
    expect(seen.at(-1)).toMatchObject({ client_id: 'our-client', client_secret: 'a secret of the client' })
    // Another user takes the login, and the first one takes another.
    github.login = 'octo-renamed'
    expect(userOf(await comeBack())).toBe(userOf(stranger))
    github.id = 4712
    github.login = 'octo'
    github.emails = [
      { email: newAddress(), primary: false, verified: true },
      { email: user.email, primary: true, verified: true }
    ]
    expect(userOf(await comeBack())).toBe(user.id)
    github.status = 403
    await expectRefused(comeBack(), 403, 'invalid_provider_response')
    github.status = 502
    await expectRefused(comeBack(), 503, 'temporarily_unavailable')
  })

  test('of two providers with one issuer the second is refused, also at the same moment', async () => {
    const issuer = 'https://login.example.com'
    const body = { kind: 'oidc', name: 'Twice', issuer, client_id: 'our-client' }
    const created = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        post<{ error: string }>(`${urls[at % urls.length]}/admin/providers`, { ...body, id: `twice-${at}` }, admin)
      )
    )
    const refused = created.filter(({ status }) => status !== 201)
    expect(refused).toHaveLength(7)
    for (const { status, body } of refused)
      expect({ status, error: body.error }).toEqual({ status: 409, error: 'issuer_taken' })
    await query(database.url, 'DELETE FROM identity_providers WHERE issuer = $1', [issuer])
  })

  test('Google has one issuer: nobody else is believed to be it', async () => {
    const body = { id: 'other', kind: 'google', client_id: 'our-client', client_secret: 'a secret' }
    const refused = await post(`${url}/admin/providers`, { ...body, issuer: 'https://login.example.com' }, admin)
    expect(refused).toMatchObject({
      status: 400,
      body: { issues: [{ path: 'issuer', message: expect.stringMatching(/must be absent/) }] }
    })
  })

  test('a provider is changed, disabled and deleted by an admin, and each change is in the audit log', async () => {
    const bad = await post<{ error: string }>(
      `${url}/admin/providers`,
      { id: 'x', kind: 'oidc', client_id: 'c' },
      admin
    )
    expect(bad).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    for (const issuer of [
      'http://id.example',
      'https://id.example/',
      'https://id.example?x',
      'https://u:p@id.example'
    ]) {
      const body = { id: 'x', kind: 'oidc', name: 'X', client_id: 'c', issuer }
      expect((await post(`${url}/admin/providers`, body, admin)).status, issuer).toBe(400)
    }
    const partner = await another()
    const created = await create({ id: 'partner', kind: 'oidc', name: 'Partner', issuer: partner.issuer })
    expect(created).toMatchObject({
      has_secret: true,
      enabled: true,
      identities: 0,
      redirect_uri: 'https://pages.example.com/bff/providers/partner/callback'
    })
    const taken = { id: 'partner', kind: 'oidc', name: 'X', client_id: 'c', issuer: company.issuer }
    expect(await post(`${url}/admin/providers`, taken, admin)).toMatchObject({
      status: 409,
      body: { error: 'provider_taken' }
    })
    partner.claims = { sub: newSubject() }
    expect((await signInWith('partner')).status).toBe(200)
    const headers = { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' }
    const change = (body: object) =>
      send(`${url}/admin/providers/partner`, { method: 'PATCH', headers, body: JSON.stringify(body) })
    expect((await change({ issuer: google.issuer })).status).toBe(400)
    expect((await change({ name: 'Partner 2', enabled: false })).body).toMatchObject({
      name: 'Partner 2',
      enabled: false
    })
    expect((await post(`${url}/auth/providers/partner/start`, {})).status).toBe(404)
    const remove = (query = '') => send(`${url}/admin/providers/partner${query}`, { method: 'DELETE', headers })
    expect(await remove()).toMatchObject({ status: 409, body: { error: 'provider_in_use' } })
    expect((await remove('?with_identities=true')).status).toBe(204)
    expect((await remove()).status).toBe(404)
    const events = await query<{ type: string; detail: unknown }>(
      database.url,
      "SELECT type, detail FROM audit_events WHERE detail->>'provider' = 'partner' AND type LIKE 'provider.%' ORDER BY at, id"
    )
    expect(events).toEqual([
      { type: 'provider.created', detail: { provider: 'partner', kind: 'oidc', issuer: partner.issuer } },
      { type: 'provider.changed', detail: { provider: 'partner', changed: ['name', 'enabled'] } },
      { type: 'provider.deleted', detail: { provider: 'partner', identities: 1 } }
    ])
  })
})
