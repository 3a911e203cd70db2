import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { TestDatabase } from '@countersign/testing'
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
  type Trio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { routesOf } from '../../services/auth-service/src/endpoints/routes.ts'
import { stepOfCode } from '../../services/auth-service/src/sign-in/totp.ts'
import { type Behaviour, type Credential, createAuthenticator } from './fixtures/authenticator.ts'
import { type MailServer, type ReceivedMail, secretsOf } from './fixtures/mail-server.ts'
import { type MailTrio, startMailTrio } from './fixtures/mail-trio.ts'
import { type MockProvider, startMockProvider, visit } from './fixtures/mock-provider.ts'

interface SignedIn {
  access_token: string
  refresh_token: string
  device_token: string
  trusted_device?: string
  recovery_codes?: string[]
}

interface FactorRequired {
  error: 'factor_required'
  flow: string
  factors: string[]
  enrolment: 'open' | 'mail_code' | null
  expires_in: number
}

const run = promisify(execFile)
/** The other side: a code generator that is not ours. */
async function oathtool(secret: string, stepsFromNow = 0): Promise<string> {
  const at = new Date(Date.now() + stepsFromNow * 30_000).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
  const { stdout } = await run('oathtool', ['--totp', '--base32', `--now=${at}`, secret])
  return stdout.trim()
}

const isAbout =
  (subject: string) =>
  ({ content }: ReceivedMail) =>
    content.subject?.includes(subject) === true

/** A value that fits a schema, whose strings are all `text`. */
function filledWith(schema: z.core.JSONSchema.BaseSchema, text: string): unknown {
  const [alternative] = schema.anyOf ?? schema.oneOf ?? []
  if (alternative) return filledWith(alternative as typeof schema, text)
  if (schema.enum) return schema.enum[0]
  if (schema.type === 'object') {
    const members = Object.entries(schema.properties ?? {}) as [string, typeof schema][]
    return Object.fromEntries(members.map(([name, member]) => [name, filledWith(member, text)]))
  }
  if (schema.type === 'array') return [filledWith((schema.items ?? {}) as typeof schema, text)]
  if (schema.type === 'boolean') return false
  if (schema.type === 'integer' || schema.type === 'number') return 1
  return text
}

describe.skipIf(!inject('docker'))('second factors', () => {
  let fixture: MailTrio
  let database: TestDatabase
  let mailServer: MailServer
  let trio: Trio
  let urls: string[]
  let company: MockProvider
  const authenticator = createAuthenticator('https://pages.example.com')

  beforeAll(async () => {
    fixture = await startMailTrio({
      authReplicas: 2,
      env: { REGISTRATIONS_PER_ADDRESS: '1000', MAIL_SIGN_IN: 'on', SECOND_FACTOR: 'required-for-admins' }
    })
    ;({ database, mailServer, trio } = fixture)
    urls = trio.auths.map(({ url }) => url)
    company = await startMockProvider()
    // Where no factor is needed, an admin may begin at once.
    const lenient = await trio.startAuth({ SECOND_FACTOR: 'optional' })
    const admin = (await signIn(lenient.url, { username: 'admin', password: trio.adminPassword })).access_token
    const provider = {
      id: 'company',
      kind: 'oidc',
      name: 'The company',
      issuer: company.issuer,
      client_id: 'our-client'
    }
    const created = await post(
      `${lenient.url}/admin/providers`,
      { ...provider, client_secret: 'a secret of the client' },
      admin
    )
    expect(created.status, JSON.stringify(created.body)).toBe(201)
  })
  afterAll(async () => {
    await company?.stop()
    await fixture?.stop()
  })

  const urlOf = (index: number) => urls[index % urls.length] as string
  const logIn = (user: Credentials, more: object = {}) =>
    post<SignedIn & FactorRequired>(`${urlOf(0)}/auth/login`, { ...user, ...more })
  const showFactor = (body: object, index = 0) =>
    post<SignedIn & { error?: string }>(`${urlOf(index)}/auth/login/factor`, body)
  const credentialsOf = ({ username, password }: Credentials) => ({ username, password })

  /** Moves the last used step back, as if time had gone by. */
  const forgetStep = (userId: string) =>
    query(database.url, 'UPDATE totp_factors SET last_step = last_step - 10 WHERE user_id = $1', [userId])

  async function newUserWithTotp() {
    const registered = await register(urlOf(0))
    const user = { ...credentialsOf(registered), id: registered.id }
    const session = await signIn(urlOf(0), user)
    const { body: setUp } = await post<{ secret: string; uri: string }>(
      `${urlOf(0)}/auth/me/totp`,
      undefined,
      session.access_token
    )
    const totp = await oathtool(setUp.secret)
    const { status, body } = await post<{ recovery_codes: string[] }>(
      `${urlOf(1)}/auth/me/totp/confirm`,
      { totp },
      session.access_token
    )
    expect(status, JSON.stringify(body)).toBe(200)
    await forgetStep(user.id)
    return { user: credentialsOf(user), id: user.id, secret: setUp.secret, codes: body.recovery_codes, session }
  }

  async function beginSignIn(user: Credentials, more: object = {}): Promise<FactorRequired> {
    const { status, body } = await logIn(user, more)
    expect(status, JSON.stringify(body)).toBe(401)
    expect(body.error).toBe('factor_required')
    return body
  }

  describe('an authenticator app', () => {
    test('counts once its first code was shown, and that code is used by that', async () => {
      const user = await register(urlOf(0))
      const { access_token: token } = await signIn(urlOf(0), user)
      const { body: setUp } = await post<{ secret: string; uri: string }>(`${urlOf(0)}/auth/me/totp`, undefined, token)
      expect(setUp.uri).toMatch(/^otpauth:\/\/totp\/.*secret=/)
      expect((await logIn(credentialsOf(user))).status).toBe(200)
      const wrong = await post(`${urlOf(0)}/auth/me/totp/confirm`, { totp: await oathtool(setUp.secret, 40) }, token)
      expect(wrong.status).toBe(400)
      const totp = await oathtool(setUp.secret)
      const { status, body } = await post<{ recovery_codes: string[] }>(
        `${urlOf(1)}/auth/me/totp/confirm`,
        { totp },
        token
      )
      expect(status).toBe(200)
      expect(new Set(body.recovery_codes).size).toBe(10)
      const { flow } = await beginSignIn(credentialsOf(user))
      expect(await showFactor({ flow, totp })).toMatchObject({ status: 401, body: { error: 'invalid_credentials' } })
    })

    test('completes a sign-in, and tokens say so, also after a refresh', async () => {
      const { user, secret } = await newUserWithTotp()
      const { flow, factors, enrolment, expires_in } = await beginSignIn(user)
      expect({ factors, enrolment, expires_in }).toEqual({
        factors: ['totp', 'recovery_code'],
        enrolment: null,
        expires_in: 600
      })
      const { status, body } = await showFactor({ flow, totp: await oathtool(secret) }, 1)
      expect(status, JSON.stringify(body)).toBe(200)
      const claims = unverifiedClaims(body.access_token)
      expect(claims).toMatchObject({ acr: 'urn:countersign:acr:2', amr: ['pwd', 'otp', 'mfa'] })
      const refreshed = unverifiedClaims((await refresh(urlOf(1), body.refresh_token)).body.access_token)
      const { auth_time, acr, amr } = claims
      expect(refreshed).toMatchObject({ auth_time, acr, amr })
      expect((await showFactor({ flow, totp: await oathtool(secret, 1) })).status).toBe(404)
    })

    test('its code of one step before or after is accepted, and of three steps away is not', async () => {
      const { user, id, secret } = await newUserWithTotp()
      for (const [steps, status] of [
        [-1, 200],
        [1, 200],
        [-3, 401],
        [3, 401]
      ] as const) {
        await forgetStep(id)
        const { flow } = await beginSignIn(user)
        expect((await showFactor({ flow, totp: await oathtool(secret, steps) })).status, `${steps}`).toBe(status)
      }
    })

    test('of 50 parallel requests with one code on two replicas one succeeds, in separate flows and in one', async () => {
      const { user, secret } = await newUserWithTotp()
      const flows: string[] = []
      for (let index = 0; index < 10; index++) flows.push((await beginSignIn(user)).flow)
      // Wrong ones use up tries, so those that lose are wrong.
      const totp = await oathtool(secret)
      const responses = await Promise.all(
        Array.from({ length: 50 }, (_, index) => showFactor({ flow: flows[index % flows.length], totp }, index))
      )
      const statuses = responses.map(({ status }) => status)
      expect(statuses.filter((status) => status === 200)).toHaveLength(1)
      expect(statuses.every((status) => [200, 401, 404, 429].includes(status))).toBe(true)
      const sessions = await query(
        database.url,
        "SELECT 1 FROM refresh_token_families WHERE acr = 'urn:countersign:acr:2' AND user_id = (SELECT id FROM users WHERE username = $1)",
        [user.username]
      )
      expect(sessions).toHaveLength(1)
    })

    test('guesses over all factors, also parallel ones, never pass the budget of the account', async () => {
      const { user, id, secret } = await newUserWithTotp()
      const flows = await Promise.all(Array.from({ length: 4 }, () => beginSignIn(user)))
      const guesses = Array.from({ length: 60 }, (_, index) => {
        const { flow } = flows[index % 4] as FactorRequired
        return showFactor(
          index % 2 === 0 ? { flow, totp: '000000' } : { flow, recovery_code: 'aaaa-bbbb-cccc-dddd-eeee-ffff' },
          index
        )
      })
      const statuses = (await Promise.all(guesses)).map(({ status }) => status)
      expect(statuses.filter((status) => status === 401)).toHaveLength(10)
      expect(statuses.filter((status) => status === 429)).toHaveLength(50)
      const { flow } = await beginSignIn(user)
      const late = await showFactor({ flow, totp: await oathtool(secret) })
      expect(late).toMatchObject({ status: 429, body: { error: 'too_many_requests' } })
      expect(Number(late.headers.get('Retry-After'))).toBeGreaterThan(3000)
      const events = await query(
        database.url,
        "SELECT 1 FROM audit_events WHERE user_id = $1 AND type = 'second_factor.failed'",
        [id]
      )
      expect(events).toHaveLength(10)
    })

    test('can be removed, and no recovery code is left then', async () => {
      const { user, id, secret } = await newUserWithTotp()
      const { flow } = await beginSignIn(user)
      const { body } = await showFactor({ flow, totp: await oathtool(secret) })
      const removed = await send(`${urlOf(0)}/auth/me/totp`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${body.access_token}` }
      })
      expect(removed.status).toBe(204)
      expect(await query(database.url, 'SELECT 1 FROM recovery_codes WHERE user_id = $1', [id])).toEqual([])
      expect((await logIn(user)).status).toBe(200)
    })

    test('an earlier session cannot change the account until the factor is shown', async () => {
      const { user, session, secret } = await newUserWithTotp()
      const change = (token: string) =>
        post(`${urlOf(0)}/auth/me/username`, { username: `${user.username}-new` }, token)
      const refused = await change(session.access_token)
      expect(refused).toMatchObject({ status: 401, body: { error: 'insufficient_user_authentication' } })
      expect(refused.headers.get('WWW-Authenticate')).toContain('acr_values="urn:countersign:acr:2"')
      const stepUp = await post<FactorRequired>(
        `${urlOf(0)}/auth/step-up`,
        { password: user.password },
        session.access_token
      )
      expect(stepUp).toMatchObject({ status: 401, body: { error: 'factor_required' } })
      const { body } = await showFactor({ flow: stepUp.body.flow, totp: await oathtool(secret) })
      expect(unverifiedClaims(body.access_token).sid).not.toBe(unverifiedClaims(session.access_token).sid)
      expect((await get(`${urlOf(0)}/auth/me`, session.access_token)).status).toBe(401)
      expect((await change(body.access_token)).status).toBe(200)
    })
  })

  test('recovery codes are valid once each, and new ones end the older', async () => {
    const { user, codes, secret } = await newUserWithTotp()
    const { flow } = await beginSignIn(user)
    const typed = (codes[0] as string).toUpperCase().replaceAll('-', ' ')
    const { status, body } = await showFactor({ flow, recovery_code: typed })
    expect(status).toBe(200)
    expect(unverifiedClaims(body.access_token).acr).toBe('urn:countersign:acr:2')
    const again = await beginSignIn(user)
    expect((await showFactor({ flow: again.flow, recovery_code: codes[0] })).status).toBe(401)
    expect((await showFactor({ flow: again.flow, recovery_code: codes[1] })).status).toBe(200)
    const { flow: third } = await beginSignIn(user)
    const { body: session } = await showFactor({ flow: third, totp: await oathtool(secret) })
    const renewed = await post<{ recovery_codes: string[] }>(
      `${urlOf(0)}/auth/me/recovery-codes`,
      undefined,
      session.access_token
    )
    expect(renewed.status).toBe(200)
    const { flow: fourth } = await beginSignIn(user)
    expect((await showFactor({ flow: fourth, recovery_code: codes[2] })).status).toBe(401)
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        showFactor({ flow: fourth, recovery_code: renewed.body.recovery_codes[0] }, index)
      )
    )
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('a reset of the password keeps the factor', async () => {
    const { user, id, secret } = await newUserWithTotp()
    const email = `${user.username}@example.com`
    await query(database.url, 'UPDATE users SET email = $2, email_key = $2, email_verified_at = now() WHERE id = $1', [
      id,
      email
    ])
    const { flow: before } = await beginSignIn(user)
    await post(`${urlOf(0)}/auth/password-reset`, { email })
    const { secret: link } = secretsOf(await mailServer.mailTo(email, isAbout('Reset')))
    const password = 'another long password 47'
    const reset = await post(`${urlOf(0)}/auth/password-reset/confirm`, { secret: link, new_password: password })
    expect(reset.status).toBe(204)
    expect((await showFactor({ flow: before, totp: await oathtool(secret) })).status).toBe(404)
    const { flow } = await beginSignIn({ username: user.username, password })
    expect((await showFactor({ flow, totp: await oathtool(secret) })).status).toBe(200)
  })

  describe('a trusted device', () => {
    async function trustDevice() {
      const owner = await newUserWithTotp()
      const { flow } = await beginSignIn(owner.user)
      const { body } = await showFactor({ flow, totp: await oathtool(owner.secret), trust_device: true })
      await forgetStep(owner.id)
      return { ...owner, signedIn: body, trusted: body.trusted_device as string }
    }

    test('is not asked at sign-in, and its session changes nothing of the account', async () => {
      const { user, trusted } = await trustDevice()
      const { status, body } = await logIn(user, { trusted_device: trusted })
      expect(status).toBe(200)
      expect(unverifiedClaims(body.access_token)).toMatchObject({ acr: 'urn:countersign:acr:1', amr: ['pwd'] })
      const change = await post(`${urlOf(0)}/auth/me/recovery-codes`, undefined, body.access_token)
      expect(change).toMatchObject({ status: 401, body: { error: 'insufficient_user_authentication' } })
      const stepUp = { password: user.password, trusted_device: trusted }
      expect((await post(`${urlOf(0)}/auth/step-up`, stepUp, body.access_token)).status).toBe(400)
    })

    test('is valid for its user alone, and no longer after any change of a factor or the password', async () => {
      const { user, signedIn, trusted } = await trustDevice()
      const other = await newUserWithTotp()
      await beginSignIn(other.user, { trusted_device: trusted })
      await beginSignIn(user, { trusted_device: `${trusted.slice(0, -4)}AAAA` })
      expect((await post(`${urlOf(0)}/auth/me/recovery-codes`, undefined, signedIn.access_token)).status).toBe(200)
      await beginSignIn(user, { trusted_device: trusted })
    })

    test('is listed, and can be removed', async () => {
      const { user, signedIn, trusted } = await trustDevice()
      const { body } = await get<{ trusted_devices: { id: string }[] }>(
        `${urlOf(1)}/auth/me/second-factors`,
        signedIn.access_token
      )
      expect(body.trusted_devices).toHaveLength(1)
      const remove = () =>
        send(`${urlOf(0)}/auth/me/trusted-devices/${body.trusted_devices[0]?.id}`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${signedIn.access_token}` }
        })
      expect((await remove()).status).toBe(204)
      expect((await remove()).status).toBe(404)
      await beginSignIn(user, { trusted_device: trusted })
    })
  })

  describe('an unfinished sign-in', () => {
    test('opens nothing else: no route takes its flow as a token, a secret or a name', async () => {
      const { user, id } = await newUserWithTotp()
      const { flow } = await beginSignIn(user)
      const own = ['/auth/login/factor', '/auth/login/enrolment', '/auth/login/passkey/options']
      const routes = routesOf(urlOf(0)).filter(
        ({ access, method, path }) =>
          (access !== 'public' || method !== 'get') && !own.some((one) => path.startsWith(one))
      )
      expect(routes.length).toBeGreaterThan(50)
      for (const { method, path, body, bodyFormat } of routes) {
        const url = `${urlOf(0)}${path.replaceAll(/:\w+/g, id)}`
        const isForm = bodyFormat === 'form'
        const sample = body
          ? filledWith(z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' }), flow)
          : undefined
        const { status } = await send(url, {
          method: method.toUpperCase(),
          headers: {
            Authorization: `Bearer ${flow}`,
            ...(body && { 'Content-Type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' })
          },
          ...(body && {
            body: isForm ? String(new URLSearchParams(sample as Record<string, string>)) : JSON.stringify(sample)
          })
        })
        // Without a session anybody may ask for a mail, register, and be shown a page.
        const open = ['/auth/password-reset', '/auth/login/mail', '/auth/register', '/oauth/authorize', '/oauth/logout']
        const isAccepted = open.includes(path)
        expect(status >= 400 || isAccepted, `${method} ${path}: ${status}`).toBe(true)
      }
      expect((await logIn(user)).body.error).toBe('factor_required')
    })

    test('needs the key that it began with', async () => {
      const { user, secret } = await newUserWithTotp()
      const key = await makeClientKey()
      const login = `${urlOf(0)}/auth/login`
      const began = await send<FactorRequired>(login, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          DPoP: await dpopProof(key, { method: 'POST', url: `http://issuer.test/auth/login` })
        },
        body: JSON.stringify(user)
      })
      const { flow } = began.body
      expect((await showFactor({ flow, totp: await oathtool(secret) })).status).toBe(404)
      const url = `${urlOf(0)}/auth/login/factor`
      const { status, body } = await send<SignedIn & { token_type: string }>(url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          DPoP: await dpopProof(key, { method: 'POST', url: `http://issuer.test/auth/login/factor` })
        },
        body: JSON.stringify({ flow, totp: await oathtool(secret) })
      })
      expect(status, JSON.stringify(body)).toBe(200)
      expect(body.token_type).toBe('DPoP')
    })

    test('ends with a change of the password, after ten minutes, and when its user has ten newer ones', async () => {
      const { user, id, secret } = await newUserWithTotp()
      const { flow } = await beginSignIn(user)
      await query(database.url, 'UPDATE users SET credentials_version = credentials_version + 1 WHERE id = $1', [id])
      expect((await showFactor({ flow, totp: await oathtool(secret) })).status).toBe(404)
      const { flow: late } = await beginSignIn(user)
      await query(
        database.url,
        "UPDATE sign_in_flows SET expires_at = now() - interval '1 second' WHERE user_id = $1",
        [id]
      )
      expect((await showFactor({ flow: late, totp: await oathtool(secret) })).status).toBe(404)
      const { flow: oldest } = await beginSignIn(user)
      for (let index = 0; index < 10; index++) await beginSignIn(user)
      expect((await showFactor({ flow: oldest, totp: await oathtool(secret) })).status).toBe(404)
    })
  })

  describe('an admin has to have one', () => {
    async function newAdmin() {
      const registered = await register(urlOf(0))
      await query(database.url, "UPDATE users SET roles = ARRAY['admin'] WHERE id = $1", [registered.id])
      return { user: credentialsOf(registered), id: registered.id }
    }
    const enrol = (body: object) => post<{ secret: string; error?: string }>(`${urlOf(0)}/auth/login/enrolment`, body)
    const confirm = (body: object) => post<SignedIn>(`${urlOf(1)}/auth/login/enrolment/confirm`, body)

    test('and sets it up at the next sign-in', async () => {
      const { user } = await newAdmin()
      const { flow, enrolment, factors } = await beginSignIn(user)
      expect({ enrolment, factors }).toEqual({ enrolment: 'open', factors: [] })
      expect((await showFactor({ flow, totp: '123456' })).status).toBe(401)
      const { body: setUp } = await enrol({ flow })
      expect((await confirm({ flow, totp: await oathtool(setUp.secret, 50) })).status).toBe(400)
      const { status, body } = await confirm({ flow, totp: await oathtool(setUp.secret) })
      expect(status, JSON.stringify(body)).toBe(200)
      expect(body.recovery_codes).toHaveLength(10)
      expect(unverifiedClaims(body.access_token)).toMatchObject({ acr: 'urn:countersign:acr:2', roles: ['admin'] })
      const again = await beginSignIn(user)
      expect(again.factors).toEqual(['totp', 'recovery_code'])
      const remove = { method: 'DELETE', headers: { Authorization: `Bearer ${body.access_token}` } }
      expect(await send(`${urlOf(0)}/auth/me/totp`, remove)).toMatchObject({
        status: 409,
        body: { error: 'last_second_factor' }
      })
    })

    test('with a code from the verified mailbox, if there is one', async () => {
      const { user, id } = await newAdmin()
      const email = `${user.username}@example.com`
      await query(
        database.url,
        'UPDATE users SET email = $2, email_key = $2, email_verified_at = now() WHERE id = $1',
        [id, email]
      )
      const { flow, enrolment } = await beginSignIn(user)
      expect(enrolment).toBe('mail_code')
      expect((await enrol({ flow })).status).toBe(400)
      expect((await post(`${urlOf(0)}/auth/login/enrolment/mail`, { flow })).status).toBe(202)
      const { code } = secretsOf(await mailServer.mailTo(email, isAbout('Your code')))
      expect((await enrol({ flow, code: code === '00000000' ? '00000001' : '00000000' })).status).toBe(400)
      const { status, body: setUp } = await enrol({ flow, code })
      expect(status, JSON.stringify(setUp)).toBe(200)
      expect((await confirm({ flow, totp: await oathtool(setUp.secret) })).status).toBe(200)
      await mailServer.mailTo(email, isAbout('You have a second factor'))
    })

    test('and an admin removes the factors of a user who has lost them, whose sessions end', async () => {
      const admin = await newAdmin()
      const { flow } = await beginSignIn(admin.user)
      const { body: setUp } = await enrol({ flow })
      const { body: session } = await confirm({ flow, totp: await oathtool(setUp.secret) })
      const { user, id, session: lost } = await newUserWithTotp()
      const reset = (target: string) =>
        send<{ removed: number }>(`${urlOf(0)}/admin/users/${target}/second-factors`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${session.access_token}` }
        })
      expect(await reset(id)).toMatchObject({ status: 200, body: { removed: 1 } })
      expect((await get(`${urlOf(1)}/auth/me`, lost.access_token)).status).toBe(401)
      expect((await logIn(user)).status).toBe(200)
      expect((await reset('00000000-0000-4000-8000-000000000000')).status).toBe(404)
      const [event] = await query<{ actor_id: string }>(
        database.url,
        "SELECT actor_id FROM audit_events WHERE user_id = $1 AND type = 'second_factors.reset'",
        [id]
      )
      expect(event?.actor_id).toBe(admin.id)
    })
  })

  describe('every way to sign in, in every state of factors', () => {
    const states = { none: [], totp: ['totp'], passkey: ['passkey'], both: ['totp', 'passkey'] } as const
    type State = keyof typeof states

    async function newUser(state: State, isAdmin: boolean) {
      const registered = await register(urlOf(0))
      const email = `${registered.username}@example.com`
      const credential = await addPasskey(registered, (states[state] as readonly string[]).includes('passkey'))
      const user = { ...credentialsOf(registered), id: registered.id, email, credential }
      await query(
        database.url,
        'UPDATE users SET email = $2, email_key = $2, email_verified_at = now(), roles = $3 WHERE id = $1',
        [registered.id, user.email, isAdmin ? ['admin'] : []]
      )
      await query(
        database.url,
        `INSERT INTO totp_factors (user_id, sealed_seed, last_step) SELECT $1::uuid, '', 0 WHERE $2`,
        [registered.id, (states[state] as readonly string[]).includes('totp')]
      )
      await query(
        database.url,
        `INSERT INTO identities (issuer, subject, id, user_id, provider_id) VALUES ($1, $2, gen_random_uuid(), $3, 'company')`,
        [company.issuer, registered.username, registered.id]
      )
      return user
    }
    type User = Awaited<ReturnType<typeof newUser>>

    async function addPasskey(user: Credentials, isWanted: boolean): Promise<Credential | undefined> {
      if (!isWanted) return undefined
      const { access_token: token } = await signIn(urlOf(0), user)
      const asked = await post<{ options: Parameters<typeof authenticator.register>[0] }>(
        `${urlOf(0)}/auth/me/passkeys/options`,
        undefined,
        token
      )
      const made = authenticator.register(asked.body.options)
      const added = await post(`${urlOf(0)}/auth/me/passkeys`, { name: 'key', credential: made.response }, token)
      expect(added.status, JSON.stringify(added.body)).toBe(201)
      return made.credential
    }
    const presentPasskey = async ({ credential }: User, behaviour: Behaviour) => {
      if (!credential) throw new TypeError('this user has no passkey')
      const asked = await post<{ options: Parameters<Credential['assert']>[0] }>(
        `${urlOf(0)}/auth/login/passkey/options`
      )
      return post<SignedIn & FactorRequired>(`${urlOf(1)}/auth/login/passkey`, {
        credential: credential.assert(asked.body.options, behaviour)
      })
    }

    const ways: Record<string, (user: User) => Promise<{ status: number; body: SignedIn & FactorRequired }>> = {
      'by username': (user) => logIn(credentialsOf(user)),
      'by e-mail address': ({ email, password }) => logIn({ username: email, password }),
      'with the device token of an earlier sign-in': async (user) => {
        const { body } = await logIn(credentialsOf(user))
        return logIn(credentialsOf(user), body.device_token ? { device_token: body.device_token } : {})
      },
      'with a DPoP proof': async (user) => {
        const key = await makeClientKey()
        const proof = await dpopProof(key, { method: 'POST', url: 'http://issuer.test/auth/login' })
        return send(`${urlOf(0)}/auth/login`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', DPoP: proof },
          body: JSON.stringify(credentialsOf(user))
        })
      },
      'after a reset': async ({ username, email }) => {
        await post(`${urlOf(0)}/auth/password-reset`, { email })
        const { secret } = secretsOf(await mailServer.mailTo(email, isAbout('Reset')))
        const password = 'another long password 48'
        const reset = await post(`${urlOf(0)}/auth/password-reset/confirm`, { secret, new_password: password })
        expect(reset).toMatchObject({ status: 204 })
        return logIn({ username, password })
      },
      'by mail': async ({ email }) => {
        const { body } = await post<{ flow: string }>(`${urlOf(0)}/auth/login/mail`, { email })
        const { code } = secretsOf(await mailServer.mailTo(email, isAbout('Sign in')))
        return post(`${urlOf(1)}/auth/login/mail/confirm`, { flow: body.flow, code })
      },
      'with a provider': async ({ username }) => {
        company.claims = { sub: username }
        const { body } = await post<{ authorization_url: string; transaction: string }>(
          `${urlOf(0)}/auth/providers/company/start`,
          {}
        )
        const parameters = await visit(body.authorization_url)
        const { transaction } = body
        return post(`${urlOf(1)}/auth/providers/company/finish`, { transaction, parameters })
      }
    }

    test.each([
      { state: 'passkey', isAdmin: false },
      { state: 'passkey', isAdmin: true },
      { state: 'both', isAdmin: false },
      { state: 'both', isAdmin: true }
    ] as const)(
      'with a passkey, with $state, admin: $isAdmin: by itself if it has verified its user',
      async ({ state, isAdmin }) => {
        const user = await newUser(state, isAdmin)
        const refused = await presentPasskey(user, { isVerified: false })
        expect(refused).toMatchObject({ status: 401, body: { error: 'invalid_credentials' } })
        const { status, body } = await presentPasskey(user, {})
        expect(status, JSON.stringify(body)).toBe(200)
        expect(unverifiedClaims(body.access_token)).toMatchObject({ sub: user.id, acr: 'urn:countersign:acr:2' })
      }
    )

    test.each(
      Object.keys(ways).flatMap((way) =>
        (Object.keys(states) as State[]).flatMap((state) => [true, false].map((isAdmin) => ({ way, state, isAdmin })))
      )
    )('$way, with $state, admin: $isAdmin', async ({ way, state, isAdmin }) => {
      const { status, body } = await (ways[way] as (typeof ways)[string])(await newUser(state, isAdmin))
      if (state === 'none' && !isAdmin) {
        expect(status).toBe(200)
        return
      }
      expect(status).toBe(401)
      expect(body).toMatchObject({
        error: 'factor_required',
        factors: state === 'none' ? [] : [...states[state], 'recovery_code'],
        // Who has signed in by mail has shown the mailbox.
        enrolment: state === 'none' ? (way === 'by mail' ? 'open' : 'mail_code') : null
      })
      expect(JSON.stringify(body)).not.toContain('token')
    })
  })

  test('a replica of the previous version cannot start a session with one factor', async () => {
    const { id } = await newUserWithTotp()
    const insert = query(
      database.url,
      `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, idle_expires_at, absolute_expires_at,
         access_expires_at, sign_in_network, address, user_agent)
       VALUES (gen_random_uuid(), $1, 'countersign-web', '', '{}', now(), now(), now(), '', '', '')`,
      [id]
    )
    await expect(insert).rejects.toThrow(/needs a second factor/)
  })

  test('a seed that no master key opens is 503 and uses no try up; recovery codes go on', async () => {
    const { user, id, secret, codes } = await newUserWithTotp()
    await query(database.url, "UPDATE totp_factors SET sealed_seed = '\\x00' WHERE user_id = $1", [id])
    const { flow } = await beginSignIn(user)
    for (let tries = 0; tries < 11; tries++) {
      const { status, body } = await showFactor({ flow, totp: await oathtool(secret) }, tries)
      expect({ status, error: body.error }).toEqual({ status: 503, error: 'temporarily_unavailable' })
    }
    expect((await showFactor({ flow, recovery_code: codes[0] })).status).toBe(200)
  })

  test('the seed is sealed in the database', async () => {
    const { id, secret } = await newUserWithTotp()
    const [row] = await query<{ sealed_seed: Buffer }>(
      database.url,
      'SELECT sealed_seed FROM totp_factors WHERE user_id = $1',
      [id]
    )
    expect(stepOfCode(row?.sealed_seed as Buffer, await oathtool(secret))).toBeUndefined()
  })
})
