/** Ways to sign in, and what is set up for them, that are killed at each of their steps. */
import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import type { TokenResponse } from '@countersign/oauth'
import { type ApiResponse, post, query, register, signIn, usedSecrets } from '@countersign/testing/trio'
import { expect } from 'vitest'
import { type Credential, createAuthenticator } from '../integration/fixtures/authenticator.ts'
import { startMockProvider, visit } from '../integration/fixtures/mock-provider.ts'
import type { CrashFixture } from './crash-fixture.ts'
import { auditedOf, expectUsable, namesOf, type Operation, startedSessions, type User } from './crash-operations.ts'

type SignedIn = TokenResponse & { flow?: string } & Record<string, unknown>

const run = promisify(execFile)
const authenticator = createAuthenticator('https://pages.test')

export const signInOperations: readonly Operation[] = [
  {
    name: 'sign-in by mail',
    // Two commits: that of the secret, and that of the session.
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const present = (mailed: object) => post<SignedIn>(`${fixture.authUrl}/auth/login/mail/confirm`, mailed)
      const mailed = await mailSecret(fixture, user)
      return {
        nameOf: namesOf([]),
        run: () => present(mailed),
        isOver: async () => true,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          await expectStarted(fixture, user, isCommitted)
          // A link that starts no session may be used up; it never starts two.
          const again = await present(mailed)
          if (isCommitted) expect(again.status).toBe(401)
          else expect([200, 401]).toContain(again.status)
          const next = await present(await mailSecret(fixture, user))
          expect(next.status).toBe(200)
          await expectUsable(fixture, next.body)
        }
      }
    }
  },
  {
    name: 'confirmation of a code generator',
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const { access_token: token } = await signIn(fixture.authUrl, user)
      const { secret } = (await post<{ secret: string }>(`${fixture.authUrl}/auth/me/totp`, undefined, token)).body
      usedSecrets.add(secret)
      const confirm = async (totp: string) => post(`${fixture.authUrl}/auth/me/totp/confirm`, { totp }, token)
      const totp = await codeOf(secret)
      return {
        nameOf: namesOf([]),
        run: () => confirm(totp),
        isOver: async () => true,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          const rows = async (table: string) =>
            (await query(fixture.databaseUrl, `SELECT 1 FROM ${table} WHERE user_id = $1`, [user.id])).length
          expect(await rows('totp_factors')).toBe(isCommitted ? 1 : 0)
          expect(await rows('recovery_codes')).toBe(isCommitted ? 10 : 0)
          expect(await auditedOf(fixture, user, 'totp.added')).toBe(isCommitted ? 1 : 0)
          const login = () => post<SignedIn>(`${fixture.authUrl}/auth/login`, passwordOf(user))
          // No session without the factor, once there is one.
          expect((await login()).status).toBe(isCommitted ? 401 : 200)
          if (!isCommitted) expect((await confirm(await codeOf(secret))).status).toBe(200)
          const { flow } = (await login()).body
          usedSecrets.add(flow as string)
          const show = (code: string) => post<SignedIn>(`${fixture.authUrl}/auth/login/factor`, { flow, totp: code })
          // The confirming code is used by that.
          if (isCommitted) expect((await show(totp)).status).toBe(401)
          const next = await show(await codeOf(secret, 1))
          expect(next.status).toBe(200)
          await expectUsable(fixture, next.body)
        }
      }
    }
  },
  {
    name: 'registration of a passkey',
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const session = await signIn(fixture.authUrl, user)
      const { response, credential } = await newCredential(fixture, session)
      const add = (made: object) =>
        post(`${fixture.authUrl}/auth/me/passkeys`, { name: 'laptop', credential: made }, session.access_token)
      return {
        nameOf: namesOf([]),
        run: () => add(response),
        isOver: async () => true,
        status: 201,
        ended: [],
        async verify(isCommitted) {
          const passkeys = () => query(fixture.databaseUrl, 'SELECT 1 FROM passkeys WHERE user_id = $1', [user.id])
          expect(await passkeys()).toHaveLength(isCommitted ? 1 : 0)
          expect(await auditedOf(fixture, user, 'passkey.added')).toBe(isCommitted ? 1 : 0)
          const login = await post<SignedIn>(`${fixture.authUrl}/auth/login`, passwordOf(user))
          expect(login.status).toBe(isCommitted ? 401 : 200)
          if (login.body.flow !== undefined) usedSecrets.add(login.body.flow)
          // A challenge is valid once; the user asks for another.
          const again = await add(response)
          let used = credential
          if (isCommitted) expect(again.status).toBe(401)
          else if (again.status !== 201) {
            expect(again.status).toBe(400)
            const other = await newCredential(fixture, session)
            expect((await add(other.response)).status).toBe(201)
            used = other.credential
          }
          expect(await passkeys()).toHaveLength(1)
          const next = await presentPasskey(fixture, used)
          expect(next.status).toBe(200)
          await expectUsable(fixture, next.body)
        }
      }
    }
  },
  {
    name: 'sign-in with a passkey',
    // Two commits: that of the challenge, and that of the session.
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const session = await signIn(fixture.authUrl, user)
      const { response, credential } = await newCredential(fixture, session)
      const body = { name: 'laptop', credential: response }
      expect((await post(`${fixture.authUrl}/auth/me/passkeys`, body, session.access_token)).status).toBe(201)
      const assertion = await assertionBy(fixture, credential)
      const present = () => post<SignedIn>(`${fixture.authUrl}/auth/login/passkey`, { credential: assertion })
      return {
        nameOf: namesOf([]),
        run: present,
        isOver: async () => true,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          await expectStarted(fixture, user, isCommitted, 1)
          // A challenge that starts no session may be used up; it never starts two.
          const again = await present()
          if (isCommitted) expect(again.status).toBe(401)
          else expect([200, 401]).toContain(again.status)
          const next = await presentPasskey(fixture, credential)
          expect(next.status).toBe(200)
          await expectUsable(fixture, next.body)
        }
      }
    }
  },
  {
    name: 'sign-in with a provider',
    commits: 'COMMIT',
    async prepare(fixture) {
      const { id, signInAs } = await newProvider(fixture)
      const subject = randomUUID()
      const finish = await signInAs(subject)
      const users = () =>
        query<User>(fixture.databaseUrl, 'SELECT user_id AS id FROM identities WHERE provider_id = $1', [id])
      return {
        nameOf: namesOf([]),
        run: finish,
        isOver: async () => true,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          const [user, ...others] = await users()
          expect(others).toEqual([])
          if (isCommitted) expect(user).toBeDefined()
          if (user) await expectStarted(fixture, user, isCommitted)
          // What the browser brought back is valid once; it begins again, as the same user.
          if (isCommitted) expect((await finish()).status).not.toBe(200)
          else await finish()
          expect((await finish()).status).not.toBe(200)
          const next = await (await signInAs(subject))()
          expect(next.status).toBe(200)
          expect(await users()).toHaveLength(1)
          await expectUsable(fixture, next.body)
        }
      }
    }
  },
  {
    name: 'linking a provider',
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const session = await signIn(fixture.authUrl, user)
      const { id, begin, signInAs } = await newProvider(fixture)
      const subject = randomUUID()
      const link = (body: object) =>
        post(`${fixture.authUrl}/auth/me/providers/${id}/finish`, body, session.access_token)
      const start = () => begin(subject, `/auth/me/providers/${id}/start`, session.access_token)
      const body = await start()
      return {
        nameOf: namesOf([]),
        run: () => link(body),
        isOver: async () => true,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          const identities = () => query(fixture.databaseUrl, 'SELECT 1 FROM identities WHERE user_id = $1', [user.id])
          expect(await identities()).toHaveLength(isCommitted ? 1 : 0)
          expect(await auditedOf(fixture, user, 'identity.linked')).toBe(isCommitted ? 1 : 0)
          const again = await link(body)
          if (isCommitted) expect(again.status).not.toBe(200)
          else if (again.status !== 200) expect((await link(await start())).status).toBe(200)
          expect(await identities()).toHaveLength(1)
          expect((await (await signInAs(subject))()).status).toBe(200)
        }
      }
    }
  }
]

const passwordOf = ({ username, password }: User) => ({ username, password })

/** @param before how many sessions the user had */
async function expectStarted(
  fixture: CrashFixture,
  user: { id: string },
  isCommitted: boolean,
  before = 0
): Promise<void> {
  const started = before + (isCommitted ? 1 : 0)
  expect(await startedSessions(fixture, user as User)).toEqual({ families: started, live: started, audited: started })
}

/** @returns what the page presents of a mail */
async function mailSecret(fixture: CrashFixture, { id }: User): Promise<{ flow: string; secret: string }> {
  const [flow, secret] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')]
  usedSecrets.add(flow).add(secret)
  await query(
    fixture.databaseUrl,
    `INSERT INTO one_time_secrets (user_id, purpose, address, link_hash, flow_hash, credentials_version, expires_at)
     SELECT id, 'mail_sign_in', 'user@example.com', sha256($2), sha256($3), credentials_version, password_set_at + interval '10 minutes'
     FROM users WHERE id = $1
     ON CONFLICT (user_id, purpose) DO UPDATE SET link_hash = EXCLUDED.link_hash, flow_hash = EXCLUDED.flow_hash, used_at = NULL`,
    [id, secret, flow]
  )
  return { flow, secret }
}

/** The code that a generator shows so many steps from now. */
async function codeOf(secret: string, stepsFromNow = 0): Promise<string> {
  const at = new Date(Date.now() + stepsFromNow * 30_000).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
  return (await run('oathtool', ['--totp', '--base32', `--now=${at}`, secret])).stdout.trim()
}

async function newCredential(fixture: CrashFixture, { access_token: token }: TokenResponse) {
  type CreationOptions = Parameters<typeof authenticator.register>[0]
  const asked = await post<{ options: CreationOptions }>(
    `${fixture.authUrl}/auth/me/passkeys/options`,
    undefined,
    token
  )
  return authenticator.register(asked.body.options)
}

async function assertionBy(fixture: CrashFixture, credential: Credential): Promise<object> {
  type RequestOptions = Parameters<Credential['assert']>[0]
  const { body } = await post<{ options: RequestOptions }>(`${fixture.authUrl}/auth/login/passkey/options`)
  return credential.assert(body.options)
}

async function presentPasskey(fixture: CrashFixture, credential: Credential): Promise<ApiResponse<SignedIn>> {
  return post<SignedIn>(`${fixture.authUrl}/auth/login/passkey`, {
    credential: await assertionBy(fixture, credential)
  })
}

/** Another provider each time: an issuer has one. */
async function newProvider(fixture: CrashFixture) {
  const server = await startMockProvider()
  const id = `p-${randomBytes(6).toString('hex')}`
  const issuer = server.issuer
  const created = await post(
    `${fixture.authUrl}/admin/providers`,
    { id, kind: 'oidc', name: 'The company', issuer, client_id: 'our-client', client_secret: 'a secret of the client' },
    fixture.adminToken
  )
  expect(created.status, JSON.stringify(created.body)).toBe(201)
  const begin = async (subject: string, path: string, token?: string) => {
    server.claims = { sub: subject, preferred_username: `u${subject.slice(0, 8)}` }
    type Started = { authorization_url: string; transaction: string }
    const { body } = await post<Started>(`${fixture.authUrl}${path}`, token === undefined ? {} : undefined, token)
    usedSecrets.add(body.transaction)
    return { transaction: body.transaction, parameters: await visit(body.authorization_url) }
  }
  return {
    id,
    begin,
    /** @returns what the page does when the browser is back */
    async signInAs(subject: string) {
      const body = await begin(subject, `/auth/providers/${id}/start`)
      return () => {
        server.claims = { ...server.claims, sub: subject }
        return post<SignedIn>(`${fixture.authUrl}/auth/providers/${id}/finish`, body)
      }
    }
  }
}
