import { randomBytes, randomUUID } from 'node:crypto'
import type { TokenResponse } from '@countersign/oauth'
import {
  type Credentials,
  dpopProof,
  get,
  makeClientKey,
  post,
  query,
  refresh,
  register,
  send,
  signIn,
  unverifiedClaims
} from '@countersign/testing/trio'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Behaviour, type Credential, createAuthenticator } from './fixtures/authenticator.ts'
import { type ReceivedMail, secretsOf } from './fixtures/mail-server.ts'
import { type MailTrio, startMailTrio } from './fixtures/mail-trio.ts'

type SignedIn = TokenResponse & { error?: string; error_description?: string }
interface Options {
  options: {
    challenge: string
    rp: { id: string; name: string }
    rpId: string
    user: { id: string }
    excludeCredentials: { id: string }[]
    allowCredentials?: { id: string }[]
    authenticatorSelection: object
    userVerification: string
    attestation: string
  }
}
interface Passkey {
  id: string
  name: string
  credential_id: string
  synced: boolean
  last_used_at: string | null
}

const pagesUrl = 'https://pages.example.com/account'
const authenticator = createAuthenticator('https://pages.example.com')

describe.skipIf(!inject('docker'))('passkeys', () => {
  let fixture: MailTrio
  let urls: string[]

  beforeAll(async () => {
    fixture = await startMailTrio({
      pagesUrl,
      authReplicas: 2,
      env: {
        REGISTRATIONS_PER_ADDRESS: '1000',
        WEBAUTHN_ORIGINS: 'https://app.example.com',
        SIGN_IN_FAILURES_PER_ADDRESS: '200'
      }
    })
    urls = fixture.trio.auths.map(({ url }) => url)
  })
  afterAll(() => fixture?.stop())

  const urlOf = (index: number) => urls[index % urls.length] as string
  const sql = <Row extends object>(text: string, values: unknown[]) => query<Row>(fixture.database.url, text, values)

  async function newSession() {
    const user = await register(urlOf(0))
    return { user, session: await signIn(urlOf(0), user) }
  }
  const askToAdd = async (token: string) =>
    (await post<Options>(`${urlOf(0)}/auth/me/passkeys/options`, undefined, token)).body.options
  const add = (credential: object, token: string, name = 'laptop') =>
    post<Passkey & { error: string }>(`${urlOf(1)}/auth/me/passkeys`, { name, credential }, token)

  async function newPasskey(behaviour: Behaviour = {}) {
    const { user, session } = await newSession()
    const made = authenticator.register(await askToAdd(session.access_token), behaviour)
    const added = await add(made.response, session.access_token)
    expect(added.status, JSON.stringify(added.body)).toBe(201)
    return { user, session, passkey: added.body, credential: made.credential }
  }
  const ask = async (body?: object) =>
    (await post<Options>(`${urlOf(0)}/auth/login/passkey/options`, body)).body.options
  const present = (credential: object, url = urlOf(1)) => post<SignedIn>(`${url}/auth/login/passkey`, { credential })
  const use = async (credential: Credential, behaviour?: Behaviour) =>
    present(credential.assert(await ask(), behaviour))
  /** Who has a second factor needs a session with it for what is sensitive. */
  const newStrongSession = async (credential: Credential) => (await use(credential)).body
  const list = async (token: string) =>
    (await get<{ passkeys: Passkey[]; rp_id: string; user_handle: string }>(`${urlOf(0)}/auth/me/passkeys`, token)).body

  test('a new passkey signs in without a username, as two factors, and the session that added it goes on', async () => {
    const { user, session, credential } = await newPasskey()
    const { status, body } = await use(credential)
    expect(status, JSON.stringify(body)).toBe(200)
    expect(unverifiedClaims(body.access_token)).toMatchObject({
      sub: user.id,
      acr: 'urn:countersign:acr:2',
      amr: ['pop', 'user', 'mfa']
    })
    expect((await refresh(urlOf(0), session.refresh_token)).status).toBe(200)
    expect((await get(`${fixture.trio.resource.url}/me`, body.access_token)).status).toBe(200)
  })

  test.each(['ES256', 'EdDSA', 'RS256'] as const)(
    'a passkey of %s signs in, and one with another signature does not',
    async (algorithm) => {
      const { user, credential } = await newPasskey({ algorithm })
      const good = credential.assert(await ask()) as { response: { signature: string } }
      const bytes = Buffer.from(good.response.signature, 'base64url')
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1
      const signature = bytes.toString('base64url')
      expect((await present({ ...good, response: { ...good.response, signature } })).status).toBe(401)
      const { status, body } = await use(credential)
      expect(status, JSON.stringify(body)).toBe(200)
      expect(unverifiedClaims(body.access_token).sub).toBe(user.id)
    }
  )

  test('options ask for a passkey that the authenticator keeps, and for user verification, and name what is there', async () => {
    const { user, credential } = await newPasskey()
    const session = await newStrongSession(credential)
    const options = await askToAdd(session.access_token)
    expect(options).toMatchObject({
      rp: { id: 'pages.example.com' },
      user: { id: Buffer.from(user.id.replaceAll('-', ''), 'hex').toString('base64url'), name: user.username },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: [{ id: credential.id, transports: ['internal', 'hybrid'] }]
    })
    expect(await ask()).toMatchObject({ rpId: 'pages.example.com', userVerification: 'required' })
    expect(await ask()).not.toHaveProperty('allowCredentials')
  })

  describe('registration is refused', () => {
    const refusals: [string, Behaviour][] = [
      ['without user verification', { isVerified: false }],
      ['without presence', { isPresent: false }],
      ['from another origin', { origin: 'https://evil.example' }],
      ['from a frame of another site', { crossOrigin: true }],
      ['for another domain', { rpId: 'example.com' }],
      ['for another challenge', { challenge: randomBytes(32).toString('base64url') }],
      ['of another type', { type: 'webauthn.get' }]
    ]
    test.each(refusals)('%s', async (_reason, behaviour) => {
      const { session } = await newSession()
      const { response } = authenticator.register(await askToAdd(session.access_token), behaviour)
      expect(await add(response, session.access_token)).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' }
      })
      expect((await list(session.access_token)).passkeys).toEqual([])
    })

    test('in another session of the same user, and twice', async () => {
      const { credential } = await newPasskey()
      const [session, other] = [await newStrongSession(credential), await newStrongSession(credential)]
      const first = authenticator.register(await askToAdd(session.access_token))
      expect((await add(first.response, other.access_token)).status).toBe(400)
      // The challenge is used up.
      expect((await add(first.response, session.access_token)).status).toBe(400)
      const second = authenticator.register(await askToAdd(session.access_token))
      expect((await add(second.response, session.access_token)).status).toBe(201)
      expect((await add(second.response, session.access_token)).status).toBe(400)
    })

    test('with the challenge of a sign-in, and of a credential that is known', async () => {
      const { credential } = await newPasskey()
      const session = await newStrongSession(credential)
      const options = await askToAdd(session.access_token)
      const { challenge } = await ask()
      expect((await add(authenticator.register({ ...options, challenge }).response, session.access_token)).status).toBe(
        400
      )
      const { session: other } = await newSession()
      const again = authenticator.register(await askToAdd(other.access_token), { credentialId: credential.id })
      expect(await add(again.response, other.access_token)).toMatchObject({
        status: 409,
        body: { error: 'passkey_known' }
      })
    })

    test('of the twenty-first', async () => {
      const { credential, passkey } = await newPasskey()
      const session = await newStrongSession(credential)
      await sql(
        `INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, transports, is_backup_eligible, is_backed_up, name)
         SELECT gen_random_uuid(), user_id, sha256(n::text::bytea || credential_id), public_key, 0, '{}', false, false, 'one of many'
         FROM passkeys, generate_series(1, 19) n WHERE id = $1`,
        [passkey.id]
      )
      const { response } = authenticator.register(await askToAdd(session.access_token))
      expect(await add(response, session.access_token)).toMatchObject({
        status: 409,
        body: { error: 'too_many_passkeys' }
      })
    })

    test('when the sign-in is old', async () => {
      const { session } = await newSession()
      const { sid } = unverifiedClaims(session.access_token)
      await sql("UPDATE refresh_token_families SET authenticated_at = now() - interval '1 hour' WHERE id = $1", [sid])
      const { access_token: token } = (await refresh(urlOf(0), session.refresh_token)).body
      for (const [path, body] of [
        ['/auth/me/passkeys/options', undefined],
        ['/auth/me/passkeys', {}]
      ] as const) {
        expect(await post(`${urlOf(0)}${path}`, body, token)).toMatchObject({
          status: 401,
          body: { error: 'insufficient_user_authentication' }
        })
      }
    })
  })

  test('an attestation is ignored: no certificate in it is read', async () => {
    const certificate = randomBytes(300)
    const statement = [
      ['alg', -7],
      ['sig', randomBytes(70)],
      ['x5c', certificate]
    ] as const
    const { credential } = await newPasskey({ attestation: { format: 'packed', statement } })
    expect((await use(credential)).status).toBe(200)
  })

  describe('sign-in is refused', () => {
    const refusals: [string, Behaviour][] = [
      ['without user verification', { isVerified: false }],
      ['without presence', { isPresent: false }],
      ['from another origin', { origin: 'https://evil.example' }],
      ['from a frame of another site', { crossOrigin: true }],
      ['for another domain', { rpId: 'example.com' }],
      ['for another challenge', { challenge: randomBytes(32).toString('base64url') }],
      ['of another type', { type: 'webauthn.create' }],
      ['with the user handle of somebody else', { userHandle: randomBytes(16).toString('base64url') }],
      ['without a user handle', { userHandle: null }]
    ]
    test.each(refusals)('%s', async (_reason, behaviour) => {
      const { credential } = await newPasskey()
      expect(await use(credential, behaviour)).toMatchObject({ status: 401, body: { error: 'invalid_credentials' } })
      expect((await use(credential)).status).toBe(200)
    })

    test('with the signature of another passkey', async () => {
      const { credential } = await newPasskey()
      const { credential: other, user } = await newPasskey()
      const assertion = { ...other.assert(await ask()), id: credential.id }
      expect((await present(assertion)).status).toBe(401)
      const own = { ...other.assert(await ask(), { userHandle: credential.userHandle }), id: credential.id }
      expect((await present(own)).status).toBe(401)
      const events = await sql("SELECT 1 FROM audit_events WHERE user_id = $1 AND type = 'sign_in.failed'", [user.id])
      expect(events).toEqual([])
    })

    test('with a challenge that was used, that has expired, or that a step-up asked for', async () => {
      const { session, credential } = await newPasskey()
      const assertion = credential.assert(await ask())
      expect((await present(assertion)).status).toBe(200)
      expect((await present(assertion)).status).toBe(401)
      const late = credential.assert(await ask())
      await sql("UPDATE passkey_challenges SET expires_at = now() - interval '1 second'", [])
      expect((await present(late)).status).toBe(401)
      const { options } = (
        await post<Options>(`${urlOf(0)}/auth/step-up/passkey/options`, undefined, session.access_token)
      ).body
      expect((await present(credential.assert(options))).status).toBe(401)
    })

    test('of a user who is disabled, with the same words', async () => {
      const { user, credential } = await newPasskey()
      const wrong = await use(credential, { isVerified: false })
      await sql('UPDATE users SET disabled_at = now() WHERE id = $1', [user.id])
      const { status, body } = await use(credential)
      expect({ status, body }).toEqual({ status: wrong.status, body: wrong.body })
    })

    test('with a passkey that was removed, by a code that lets its browser forget it', async () => {
      const { passkey, credential } = await newPasskey()
      const session = await newStrongSession(credential)
      const removed = await send(`${urlOf(0)}/auth/me/passkeys/${passkey.id}`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${session.access_token}` }
      })
      expect(removed.status).toBe(204)
      expect(await use(credential)).toMatchObject({ status: 401, body: { error: 'unknown_passkey' } })
    })
  })

  test('of fifty at once with one challenge, on two replicas, one signs in', async () => {
    const { user, credential } = await newPasskey()
    const assertion = credential.assert(await ask())
    const responses = await Promise.all(Array.from({ length: 50 }, (_, index) => present(assertion, urlOf(index))))
    const statuses = responses.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => ![200, 401, 429].includes(status))).toEqual([])
    const sessions = await sql('SELECT 1 FROM refresh_token_families WHERE user_id = $1', [user.id])
    // With the one that added the passkey.
    expect(sessions).toHaveLength(2)
  })

  test('wrong passkeys from one address are limited, and right ones are not counted', async () => {
    const service = await fixture.trio.startAuth({ SIGN_IN_FAILURES_PER_ADDRESS: '2' })
    const { credential } = await newPasskey()
    for (let attempt = 0; attempt < 3; attempt++) {
      expect((await present(credential.assert(await ask()))).status).toBe(200)
    }
    await present(credential.assert(await ask(), { isVerified: false }))
    await present(credential.assert(await ask(), { isVerified: false }))
    expect((await present(credential.assert(await ask()), service.url)).status).toBe(429)
    expect((await present(credential.assert(await ask()))).status).toBe(200)
  })

  describe('what an authenticator says of itself locks nobody out', () => {
    test('a counter that stays, falls to 0 and comes back is logged once for each fall', async () => {
      const { user, credential, passkey } = await newPasskey({ signCount: 7 })
      for (const signCount of [9, 9, 0, 0, 10, 4]) {
        expect((await use(credential, { signCount })).status, `${signCount}`).toBe(200)
      }
      const events = await sql(
        "SELECT detail FROM audit_events WHERE user_id = $1 AND type = 'passkey.counter_fell' ORDER BY at",
        [user.id]
      )
      expect(events).toEqual([
        { detail: { passkey: passkey.id, from: 9, to: 0 } },
        { detail: { passkey: passkey.id, from: 10, to: 4 } }
      ])
    })

    test('the flags of backups flip', async () => {
      const { session, credential } = await newPasskey()
      for (const [isBackupEligible, isBackedUp] of [
        [true, false],
        [true, true],
        [true, false],
        [false, false]
      ]) {
        expect((await use(credential, { isBackupEligible, isBackedUp } as Behaviour)).status).toBe(200)
        const [passkey] = (await list(session.access_token)).passkeys
        expect(passkey).toMatchObject({ synced: isBackedUp, last_used_at: expect.any(String) })
      }
    })
  })

  test('another origin of the configuration may use passkeys', async () => {
    const { credential } = await newPasskey()
    expect((await use(credential, { origin: 'https://app.example.com' })).status).toBe(200)
  })

  test('tokens are for the API and the scope that are asked for, and bound to a key', async () => {
    const { credential } = await newPasskey()
    const key = await makeClientKey()
    const sign = async (body: object) => {
      const url = `${urlOf(0)}/auth/login/passkey`
      const proof = await dpopProof(key, { method: 'POST', url: `${fixture.trio.issuer}/auth/login/passkey` })
      return send<SignedIn>(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', DPoP: proof },
        body: JSON.stringify(body)
      })
    }
    const bound = await sign({ credential: credential.assert(await ask()), scope: 'account' })
    expect(bound.status, JSON.stringify(bound.body)).toBe(200)
    expect(unverifiedClaims(bound.body.access_token)).toMatchObject({
      scope: 'account',
      cnf: { jkt: expect.any(String) }
    })
    const unknown = await sign({ credential: credential.assert(await ask()), resource: 'https://unknown.example' })
    expect(unknown).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  })

  describe('a second factor', () => {
    interface Required {
      error: string
      flow: string
      factors: string[]
    }
    const begin = async (user: Credentials) =>
      (await post<Required>(`${urlOf(0)}/auth/login`, { username: user.username, password: user.password })).body
    const complete = (flow: string, passkey: object, url = urlOf(1)) =>
      post<SignedIn>(`${url}/auth/login/factor`, { flow, passkey })

    test('completes the sign-in of a user with a passkey, which the password alone does not', async () => {
      const { user, credential } = await newPasskey()
      const { error, flow, factors } = await begin(user)
      expect({ error, factors }).toEqual({ error: 'factor_required', factors: ['passkey', 'recovery_code'] })
      const options = await ask({ flow })
      expect(options.allowCredentials).toMatchObject([{ id: credential.id }])
      // Where the credential is named, an authenticator may leave the user handle out.
      const { status, body } = await complete(flow, credential.assert(options, { userHandle: null }))
      expect(status, JSON.stringify(body)).toBe(200)
      expect(unverifiedClaims(body.access_token)).toMatchObject({
        sub: user.id,
        acr: 'urn:countersign:acr:2',
        amr: ['pwd', 'pop', 'user', 'mfa']
      })
      expect((await complete(flow, credential.assert(options))).status).toBe(404)
    })

    test('is refused with the challenge of another flow or of no flow, and with the passkey of somebody else', async () => {
      const { user, credential } = await newPasskey()
      const { user: stranger, credential: foreign } = await newPasskey()
      const { flow } = await begin(user)
      const { flow: other } = await begin(user)
      const { flow: ofStranger } = await begin(stranger)
      const attempts = [
        credential.assert(await ask({ flow: other })),
        credential.assert(await ask()),
        credential.assert(await ask({ flow: ofStranger })),
        foreign.assert(await ask({ flow })),
        foreign.assert(await ask({ flow: ofStranger })),
        credential.assert(await ask({ flow }), { isVerified: false })
      ]
      for (const attempt of attempts) expect((await complete(flow, attempt)).status).toBe(401)
      // What a flow asked for signs nobody in without it.
      expect((await present(credential.assert(await ask({ flow })))).status).toBe(401)
      expect((await complete(flow, credential.assert(await ask({ flow })))).status).toBe(200)
    })

    test('of fifty at once with one challenge, on two replicas, one completes the sign-in', async () => {
      const { user, credential } = await newPasskey()
      const { flow } = await begin(user)
      const assertion = credential.assert(await ask({ flow }))
      const responses = await Promise.all(
        Array.from({ length: 50 }, (_, index) => complete(flow, assertion, urlOf(index)))
      )
      expect(responses.filter(({ status }) => status === 200)).toHaveLength(1)
      expect(responses.filter(({ status }) => ![200, 401, 404].includes(status))).toEqual([])
    })

    test('of fifty challenges of one flow at once, one completes the sign-in', async () => {
      const { user, credential } = await newPasskey()
      const { flow } = await begin(user)
      const assertions = await Promise.all(
        Array.from({ length: 50 }, async () => credential.assert(await ask({ flow })))
      )
      const responses = await Promise.all(assertions.map((one, index) => complete(flow, one, urlOf(index))))
      expect(responses.filter(({ status }) => status === 200)).toHaveLength(1)
    })

    test('wrong ones have a limit in flows as well', async () => {
      const { user, credential } = await newPasskey()
      const { credential: foreign } = await newPasskey()
      const service = await fixture.trio.startAuth({ SIGN_IN_FAILURES_PER_ADDRESS: '2', TRUSTED_PROXY_HOPS: '1' })
      const { flow } = await begin(user)
      // From an address that has no failures yet.
      const statusOf = async (passkey: object) => {
        const headers = { 'X-Forwarded-For': '203.0.113.77', 'Content-Type': 'application/json' }
        const body = JSON.stringify({ flow, passkey })
        return (await fetch(`${service.url}/auth/login/factor`, { method: 'POST', headers, body })).status
      }
      for (let time = 0; time < 2; time++) expect(await statusOf(foreign.assert(await ask({ flow })))).toBe(401)
      expect(await statusOf(credential.assert(await ask({ flow })))).toBe(429)
    })

    test('is void once a credential has changed, and unknown for a flow that is none', async () => {
      const { user, credential } = await newPasskey()
      const session = await newStrongSession(credential)
      const { flow } = await begin(user)
      const assertion = credential.assert(await ask({ flow }))
      const second = authenticator.register(await askToAdd(session.access_token))
      expect((await add(second.response, session.access_token)).status).toBe(201)
      expect((await complete(flow, assertion)).status).toBe(404)
      for (const unknown of [flow, randomBytes(32).toString('base64url')]) {
        expect((await post(`${urlOf(0)}/auth/login/passkey/options`, { flow: unknown })).status).toBe(404)
      }
    })

    test('that is the last one cannot be removed where one is required', async () => {
      const { credential, passkey } = await newPasskey()
      const session = await newStrongSession(credential)
      const strict = await fixture.trio.startAuth({ SECOND_FACTOR: 'required' })
      const remove = (url: string) =>
        send<{ error?: string }>(`${url}/auth/me/passkeys/${passkey.id}`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${session.access_token}` }
        })
      expect(await remove(strict.url)).toMatchObject({ status: 409, body: { error: 'last_second_factor' } })
      expect((await remove(urlOf(0))).status).toBe(204)
    })
  })

  describe('a step-up', () => {
    const askWithin = (token: string) =>
      post<Options & { error: string }>(`${urlOf(0)}/auth/step-up/passkey/options`, undefined, token)
    const stepUp = (token: string, credential: object) =>
      post<SignedIn>(`${urlOf(1)}/auth/step-up/passkey`, { credential }, token)

    test('puts a session in the place of the other, which ends', async () => {
      const { session, credential } = await newPasskey()
      const { body } = await askWithin(session.access_token)
      expect(body.options.allowCredentials).toMatchObject([{ id: credential.id }])
      const { status, body: tokens } = await stepUp(session.access_token, credential.assert(body.options))
      expect(status, JSON.stringify(tokens)).toBe(200)
      expect(unverifiedClaims(tokens.access_token)).toMatchObject({ acr: 'urn:countersign:acr:2' })
      expect((await refresh(urlOf(0), session.refresh_token)).status).toBe(400)
      expect((await get(`${urlOf(0)}/auth/me`, tokens.access_token)).status).toBe(200)
    })

    test('needs a passkey of the same user, a challenge of the same session, and user verification', async () => {
      const { session, credential, user } = await newPasskey()
      const { credential: foreign } = await newPasskey()
      const { body: other } = await use(credential)
      const within = async (token: string) => (await askWithin(token)).body.options
      const attempts = [
        foreign.assert(await within(session.access_token)),
        credential.assert(await within(other.access_token)),
        credential.assert(await ask()),
        credential.assert(await within(session.access_token), { isVerified: false })
      ]
      for (const attempt of attempts) {
        expect(await stepUp(session.access_token, attempt)).toMatchObject({
          status: 401,
          body: { error: 'invalid_credentials' }
        })
      }
      expect((await get(`${urlOf(0)}/auth/me`, session.access_token)).status).toBe(200)
      const events = await sql("SELECT 1 FROM audit_events WHERE user_id = $1 AND type = 'reauthentication.failed'", [
        user.id
      ])
      expect(events).toHaveLength(attempts.length)
    })

    test('is not offered to a user without a passkey', async () => {
      const { session } = await newSession()
      expect(await askWithin(session.access_token)).toMatchObject({ status: 404 })
    })
  })

  describe('in the account', () => {
    test('they are listed, renamed, and part of the data of the user', async () => {
      const { session, user, passkey, credential } = await newPasskey()
      const { session: stranger } = await newSession()
      const rename = (token: string, name: string) =>
        send<Passkey>(`${urlOf(0)}/auth/me/passkeys/${passkey.id}`, {
          method: 'PATCH',
          headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          body: JSON.stringify({ name })
        })
      expect((await rename(stranger.access_token, 'mine')).status).toBe(404)
      expect((await rename(session.access_token, ' ')).status).toBe(400)
      expect(await rename(session.access_token, 'phone')).toMatchObject({ status: 200, body: { name: 'phone' } })
      expect(await list(session.access_token)).toMatchObject({
        passkeys: [{ id: passkey.id, name: 'phone', credential_id: credential.id, last_used_at: null }],
        rp_id: 'pages.example.com',
        user_handle: Buffer.from(user.id.replaceAll('-', ''), 'hex').toString('base64url')
      })
      expect((await list(stranger.access_token)).passkeys).toEqual([])
      const { body } = await get<{ passkeys: Passkey[] }>(`${urlOf(0)}/auth/me/data`, session.access_token)
      expect(body.passkeys).toMatchObject([{ id: passkey.id, name: 'phone' }])
      expect(JSON.stringify(body)).not.toContain('public_key')
    })

    test('adding and removing are reported by mail and in the audit log, and void what was begun before', async () => {
      const { user, session } = await newSession()
      const email = `${user.username}@example.com`
      await sql('UPDATE users SET email = $1, email_key = $1, email_verified_at = now() WHERE id = $2', [
        email,
        user.id
      ])
      const version = async () =>
        (await sql<{ v: number }>('SELECT credentials_version AS v FROM users WHERE id = $1', [user.id]))[0]?.v
      const before = (await version()) ?? 0
      const made = authenticator.register(await askToAdd(session.access_token))
      const { body: passkey } = await add(made.response, session.access_token, 'work')
      expect(await version()).toBe(before + 1)
      const added = await fixture.mailServer.mailTo(email)
      expect(added.content.subject).toContain('A passkey was added')
      expect(added.content.text).toContain(`${pagesUrl}/account`)
      await remove((await newStrongSession(made.credential)).access_token, passkey.id)
      expect(await version()).toBe(before + 2)
      await fixture.mailServer.mailTo(email, ({ content }) => /passkey was removed/.test(content.subject ?? ''))
      const events = await sql(
        "SELECT type, detail FROM audit_events WHERE user_id = $1 AND type LIKE 'passkey.%' ORDER BY at",
        [user.id]
      )
      expect(events).toEqual([
        { type: 'passkey.added', detail: { passkey: expect.stringMatching(/^[\da-f-]{36}$/) } },
        { type: 'passkey.removed', detail: { passkey: expect.stringMatching(/^[\da-f-]{36}$/) } }
      ])
    })

    const remove = async (token: string, id: string) =>
      send<{ error?: string }>(`${urlOf(0)}/auth/me/passkeys/${id}`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${token}` }
      })

    test('restoring the address keeps the passkeys from before its change, and removes later ones and trusted devices', async () => {
      const { user, session } = await newSession()
      const [email, thief] = [`${user.username}@example.com`, `${user.username}@thief.example`]
      await sql('UPDATE users SET email = $1, email_key = $1, email_verified_at = now() WHERE id = $2', [
        email,
        user.id
      ])
      const own = authenticator.register(await askToAdd(session.access_token))
      await add(own.response, session.access_token)
      const { access_token: token } = await newStrongSession(own.credential)
      expect((await post(`${urlOf(0)}/auth/me/email`, { email: thief }, token)).status).toBe(202)
      const { secret } = secretsOf(await fixture.mailServer.mailTo(thief))
      expect((await post(`${urlOf(0)}/auth/me/email/confirm`, { secret }, token)).status).toBe(204)
      const isAboutChange = ({ content }: ReceivedMail) => /was changed/.test(content.subject ?? '')
      const undo = secretsOf(await fixture.mailServer.mailTo(email, isAboutChange))

      const foreign = authenticator.register(await askToAdd(token))
      expect((await add(foreign.response, token)).status).toBe(201)
      const { username, password } = user
      const { body: begun } = await post<{ flow: string }>(`${urlOf(0)}/auth/login`, { username, password })
      const credential = foreign.credential.assert(await ask({ flow: begun.flow }))
      const shown = { flow: begun.flow, passkey: credential, trust_device: true }
      const trusted = await post<{ trusted_device: string }>(`${urlOf(0)}/auth/login/factor`, shown)
      const withDevice = (secondPassword: string) =>
        post(`${urlOf(0)}/auth/login`, {
          username,
          password: secondPassword,
          trusted_device: trusted.body.trusted_device
        })
      expect((await withDevice(password)).status).toBe(200)

      const restored = { secret: undo.secret, new_password: `${password} of now` }
      expect((await post(`${urlOf(0)}/auth/email/undo`, restored)).status).toBe(204)
      expect(await use(foreign.credential)).toMatchObject({ status: 401, body: { error: 'unknown_passkey' } })
      expect((await use(own.credential)).status).toBe(200)
      expect(await withDevice(restored.new_password)).toMatchObject({ status: 401, body: { error: 'factor_required' } })
    })

    test('one that had to wait gets the time of its write, since it may have waited for a change of the address', async () => {
      const { user, session } = await newSession()
      const made = authenticator.register(await askToAdd(session.access_token))
      const holder = new pg.Client(fixture.database.url)
      await holder.connect()
      await holder.query('BEGIN')
      await holder.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [user.id])
      const adding = add(made.response, session.access_token)
      await expect
        .poll(
          async () =>
            (
              await sql(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
                []
              )
            ).length
        )
        .toBe(1)
      const { rows } = await holder.query<{ now: Date }>('SELECT clock_timestamp() AS now')
      await holder.query('COMMIT')
      await holder.end()
      expect((await adding).status).toBe(201)
      const [row] = await sql<{ created_at: Date }>('SELECT created_at FROM passkeys WHERE user_id = $1', [user.id])
      expect(row?.created_at.getTime()).toBeGreaterThanOrEqual(rows[0]?.now.getTime() as number)
    })

    test('the last way in is not removed', async () => {
      const { user, credential, passkey } = await newPasskey()
      const session = await newStrongSession(credential)
      const unusable = '$argon2id$v=19$m=19456,t=2,p=1$Y291bnRlcnNpZ24tbm9uZQ$AAAA'
      await sql('UPDATE users SET password_hash = $1 WHERE id = $2', [unusable, user.id])
      expect(await remove(session.access_token, passkey.id)).toMatchObject({
        status: 409,
        body: { error: 'last_way_in' }
      })
      const second = authenticator.register(await askToAdd(session.access_token))
      await add(second.response, session.access_token)
      expect((await remove(session.access_token, passkey.id)).status).toBe(204)
      expect((await remove(session.access_token, passkey.id)).status).toBe(404)
    })

    test('they go with their user', async () => {
      const { user } = await newPasskey()
      await ask()
      await sql('DELETE FROM users WHERE id = $1', [user.id])
      expect(await sql('SELECT 1 FROM passkeys WHERE user_id = $1', [user.id])).toEqual([])
    })
  })

  test('garbage is refused, and never a fault', async () => {
    const { credential } = await newPasskey()
    const session = await newStrongSession(credential)
    const good = credential.assert(await ask()) as { id: string; response: Record<string, string> }
    const members: Record<string, string[]> = {
      clientDataJSON: ['', 'A', 'AAAA', '{}', Buffer.from('null').toString('base64url'), 'A'.repeat(5000)],
      authenticatorData: ['', 'A', 'AAAA', 'A'.repeat(3000), randomBytes(200).toString('base64url')],
      signature: ['', 'A', 'AAAA', 'A'.repeat(2000), randomBytes(300).toString('base64url')],
      userHandle: ['A', 'A'.repeat(100), 'é']
    }
    for (const [member, texts] of Object.entries(members)) {
      for (const text of texts) {
        const asked = credential.assert(await ask()) as typeof good
        const { status } = await present({ ...asked, response: { ...asked.response, [member]: text } })
        expect([400, 401], `${member}: ${text.slice(0, 20)}`).toContain(status)
      }
    }
    for (const id of ['', 'A', '*', 'A'.repeat(2000), randomUUID()]) {
      expect([400, 401], id.slice(0, 20)).toContain((await present({ ...good, id })).status)
    }
    for (const attestationObject of ['A', 'oA', randomBytes(300).toString('base64url'), 'pWNmbXQ']) {
      const made = authenticator.register(await askToAdd(session.access_token)).response as typeof good
      const broken = { ...made, response: { ...made.response, attestationObject } }
      expect((await add(broken, session.access_token)).status).toBe(400)
    }
  })

  test('without the address of the pages there are none', async () => {
    const service = await fixture.trio.startAuth({ SMTP_URL: '', MAIL_FROM: '', PAGES_URL: '', WEBAUTHN_ORIGINS: '' })
    const user: Credentials = await register(service.url)
    const { access_token: token } = await signIn(service.url, user)
    const responses = [
      await post(`${service.url}/auth/login/passkey/options`, {}),
      await get(`${service.url}/auth/me/passkeys`, token)
    ]
    for (const { status, body } of responses) {
      expect(status).toBe(404)
      expect(body.error_description).toContain('PAGES_URL')
    }
  })
})
