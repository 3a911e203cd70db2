import { randomBytes } from 'node:crypto'
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
  type Trio
} from '@countersign/testing/trio'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type MailServer, type ReceivedMail, secretsOf } from './fixtures/mail-server.ts'
import { type MailTrio, startMailTrio } from './fixtures/mail-trio.ts'
import { postFrom } from './fixtures/post-from.ts'

const pagesUrl = 'https://pages.example.com/account'

interface Requested {
  flow: string
  expires_in: number
}

describe.skipIf(!inject('docker'))('accounts and their mail', () => {
  let fixture: MailTrio
  let database: TestDatabase
  let mailServer: MailServer
  let trio: Trio
  let url: string

  beforeAll(async () => {
    fixture = await startMailTrio({
      pagesUrl,
      authReplicas: 2,
      env: {
        PRODUCT_NAME: 'Example <Inc>',
        REGISTRATIONS_PER_ADDRESS: '1000'
      }
    })
    ;({ database, mailServer, trio } = fixture)
    url = trio.auth.url
  })
  afterAll(async () => {
    await fixture?.stop()
  })

  interface Account extends Credentials {
    readonly id: string
    readonly email: string
  }

  async function newAccount(): Promise<Account> {
    const user = await register(url)
    const email = `${user.username}@example.com`
    await query(database.url, 'UPDATE users SET email = $2 WHERE id = $1', [user.id, email])
    return { ...user, email }
  }

  async function verified(): Promise<Account> {
    const account = await newAccount()
    const token = (await signIn(url, account)).access_token
    const { status } = await post(`${url}/auth/email/verification`, undefined, token)
    expect(status).toBe(202)
    const { secret } = secretsOf(await mailServer.mailTo(account.email))
    expect((await post(`${url}/auth/email/verification/confirm`, { secret }, token)).status).toBe(204)
    return account
  }

  // Each from another network, whose requests have a limit.
  let networks = 0
  const askForReset = async (body: object, address = `127.1.${networks++}.1`) =>
    postFrom<Requested>(address, `${url}/auth/password-reset`, body)
  const resetMail = async (email: string, count = 1) => {
    const ofReset = () =>
      mailServer.received.filter(({ to, content }) => to.includes(email) && content.subject?.includes('Reset'))
    await expect.poll(() => ofReset().length, { timeout: 20_000 }).toBe(count)
    return secretsOf(ofReset()[count - 1] as never)
  }
  const newPassword = () => randomBytes(12).toString('base64url')
  const confirmReset = (body: object, at = url) => post(`${at}/auth/password-reset/confirm`, body)
  const versionOf = async ({ id }: Account) =>
    (await query<{ v: number }>(database.url, 'SELECT credentials_version v FROM users WHERE id = $1', [id]))[0]?.v
  const eventsOf = async ({ id }: Account) =>
    (await query<{ type: string }>(database.url, 'SELECT type FROM audit_events WHERE user_id = $1', [id])).map(
      ({ type }) => type
    )

  describe('verification', () => {
    test('a verified address signs in, in any case; an unverified one does not, and a verified address goes before a name', async () => {
      const account = await verified()
      const login = (username: string, { password }: Credentials = account) =>
        post<{ error?: string }>(`${url}/auth/login`, { username, password })
      expect((await login(account.email)).status).toBe(200)
      expect((await login(` ${account.email.toUpperCase()} `)).status).toBe(200)
      const [wrong, unknown] = [
        await login(account.email, { ...account, password: 'wrong password' }),
        await login('nobody@example.com')
      ]
      expect([wrong.status, wrong.body]).toEqual([unknown.status, unknown.body])
      expect(wrong.status).toBe(401)
      const unverified = await newAccount()
      expect((await login(unverified.email, unverified)).status).toBe(401)
      // Somebody takes the address as a name, which needs no proof.
      const squatter = { username: account.email, password: 'the password of another 9' }
      expect((await post(`${url}/auth/register`, squatter)).status).toBe(201)
      expect((await login(account.email)).status).toBe(200)
      expect((await login(account.username)).status).toBe(200)
      expect((await login(account.email, squatter)).status).toBe(401)
      // A reset is for who reads the mail.
      const { status } = await post(`${url}/auth/password-reset`, { username: account.email })
      expect(status).toBe(202)
      const mail = await mailServer.mailTo(account.email, ({ content }) => /Reset/.test(content.subject ?? ''))
      expect(mail.content.text).toContain(`Hello ${account.username},`)
    })

    test('by link: the mail is encrypted, in both forms, escaped, and its link is of PAGES_URL whatever the request says', async () => {
      const account = await newAccount()
      const session = await signIn(url, account)
      const token = session.access_token
      const poison = 'evil.example.net'
      const response = await send<Requested>(`${url}/auth/email/verification`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${token}`,
          'X-Forwarded-Host': poison,
          'X-Forwarded-Proto': 'gopher',
          'X-Forwarded-For': poison,
          Forwarded: `host=${poison}`,
          Origin: `https://${poison}`,
          Referer: `https://${poison}/`
        }
      })
      expect({ status: response.status, body: response.body }).toEqual({
        status: 202,
        body: { flow: expect.stringMatching(/^[\w-]{43}$/), expires_in: 86_400 }
      })
      const mail = await mailServer.mailTo(account.email)
      const { link, secret, code } = secretsOf(mail)
      expect(link).toBe(`${pagesUrl}/verify-email#${secret}`)
      expect(secret).toMatch(/^[\w-]{43}$/)
      expect(code).toMatch(/^\d{8}$/)
      expect(mail.isEncrypted).toBe(true)
      expect(mail.to).toEqual([account.email])
      const { from, to, headers, html, text, subject } = mail.content
      expect(from?.value).toEqual([{ name: 'Example <Inc>', address: 'no-reply@example.com' }])
      expect(to).toMatchObject({ value: [{ address: account.email }] })
      expect(headers.get('auto-submitted')).toBe('auto-generated')
      expect(subject).toBe('Example <Inc>: Confirm your e-mail address')
      expect(html).toContain('Example &lt;Inc&gt;')
      expect(html).toContain(`href="${link}"`)
      expect(`${text}${html}`).not.toContain(poison)

      expect((await get<{ email_verified: boolean }>(`${url}/auth/me`, token)).body.email_verified).toBe(false)
      const confirmation = `${url}/auth/email/verification/confirm`
      expect((await post(confirmation, { secret }, token)).status).toBe(204)
      expect((await get<{ email_verified: boolean }>(`${url}/auth/me`, token)).body.email_verified).toBe(true)
      expect((await refresh(url, session.refresh_token)).status).toBe(200)
      expect(await eventsOf(account)).toContain('email.verified')
      // Used up; and there is nothing left to ask for.
      expect((await post(confirmation, { secret }, token)).status).toBe(400)
      expect((await post(`${url}/auth/email/verification`, undefined, token)).body.error).toBe('already_verified')
    })

    test('by code, in German, and only in the flow that asked', async () => {
      const account = await newAccount()
      const token = (await signIn(url, account)).access_token
      const ask = async () =>
        (
          await send<Requested>(`${url}/auth/email/verification`, {
            method: 'POST',
            headers: { Authorization: `Bearer ${token}`, 'Accept-Language': 'fr, de-AT;q=0.8, en;q=0.5' }
          })
        ).body.flow
      const flow = await ask()
      const mail = await mailServer.mailTo(account.email)
      expect(mail.content.subject).toContain('Bestätigen Sie Ihre E-Mail-Adresse')
      const { code } = secretsOf(mail)
      const confirm = (body: object) => post(`${url}/auth/email/verification/confirm`, body, token)
      const otherFlow = flow.startsWith('A') ? `B${flow.slice(1)}` : `A${flow.slice(1)}`
      expect((await confirm({ flow: otherFlow, code })).status).toBe(400)
      expect((await confirm({ flow, code })).status).toBe(204)
    })

    test("in the user's language, which registration takes from the page and the user changes", async () => {
      const username = `user-${randomBytes(4).toString('hex')}`
      const account = { username, password: randomBytes(12).toString('base64url'), email: `${username}@example.com` }
      const headers = { 'Content-Type': 'application/json', 'Accept-Language': 'de-DE' }
      const body = JSON.stringify(account)
      expect((await send(`${url}/auth/register`, { method: 'POST', headers, body })).status).toBe(201)
      const token = (await signIn(url, account)).access_token
      const languageOf = async () => (await get<{ language: string | null }>(`${url}/auth/me`, token)).body.language
      const setLanguage = (language: unknown, accessToken = token) =>
        send<{ language: string | null }>(`${url}/auth/me`, {
          method: 'PATCH',
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${accessToken}` },
          body: JSON.stringify({ language })
        })
      const ask = () =>
        send(`${url}/auth/email/verification`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${token}`, 'Accept-Language': 'en' }
        })
      expect(await languageOf()).toBe('de')
      await ask()
      const first = await mailServer.mailTo(account.email)
      expect(first.content.subject).toContain('Bestätigen Sie')
      expect(await setLanguage('en')).toMatchObject({ status: 200, body: { language: 'en', username } })
      expect(await languageOf()).toBe('en')
      await ask()
      const second = await mailServer.mailTo(account.email, (mail) => mail !== first)
      expect(second.content.subject).toContain('Confirm your')
      for (const language of ['fr', '', 1]) expect((await setLanguage(language)).status, String(language)).toBe(400)
      expect((await setLanguage(null)).body.language).toBeNull()
      expect(await languageOf()).toBeNull()

      // Programs name no language, and those who disable a user stop changes.
      const other = await newAccount()
      const otherToken = (await signIn(url, other)).access_token
      expect((await get<{ language: string | null }>(`${url}/auth/me`, otherToken)).body.language).toBeNull()
      await query(database.url, 'UPDATE users SET disabled_at = now() WHERE id = $1', [other.id])
      expect((await setLanguage('de', otherToken)).status).toBe(404)
    })

    test('a second mail ends the first, and a fifth wrong code ends the flow', async () => {
      const account = await newAccount()
      const token = (await signIn(url, account)).access_token
      const ask = async () => (await post<Requested>(`${url}/auth/email/verification`, undefined, token)).body.flow
      await ask()
      const first = await mailServer.mailTo(account.email)
      const flow = await ask()
      const second = await mailServer.mailTo(account.email, (mail) => mail !== first)
      const confirm = (body: object) => post(`${url}/auth/email/verification/confirm`, body, token)
      expect((await confirm({ secret: secretsOf(first).secret })).status).toBe(400)
      const { code, secret } = secretsOf(second)
      const wrong = String((Number(code) + 1) % 10 ** 8).padStart(8, '0')
      for (let tries = 0; tries < 5; tries++) expect((await confirm({ flow, code: wrong })).status).toBe(400)
      expect((await confirm({ flow, code })).status).toBe(400)
      // The link needs no guess.
      expect((await confirm({ secret })).status).toBe(204)
    })

    test('a secret is worthless in the session of another user, and an address has one owner', async () => {
      const [account, other] = [await newAccount(), await newAccount()]
      await query(database.url, 'UPDATE users SET email = $2 WHERE id = $1', [other.id, account.email.toUpperCase()])
      const [token, otherToken] = [(await signIn(url, account)).access_token, (await signIn(url, other)).access_token]
      await post(`${url}/auth/email/verification`, undefined, token)
      const { secret } = secretsOf(await mailServer.mailTo(account.email))
      const confirmation = `${url}/auth/email/verification/confirm`
      expect((await post(confirmation, { secret }, otherToken)).status).toBe(400)
      expect((await post(confirmation, { secret }, token)).status).toBe(204)
      await post(`${url}/auth/email/verification`, undefined, otherToken)
      const isLate = ({ content }: ReceivedMail) => content.text?.includes(other.username) ?? false
      const late = secretsOf(await mailServer.mailTo(account.email, isLate))
      const refused = await post(confirmation, { secret: late.secret }, otherToken)
      expect({ status: refused.status, error: refused.body.error }).toEqual({ status: 409, error: 'address_taken' })
    })

    test.each(['link', 'code'] as const)(
      'of 50 parallel uses of a %s on two replicas one succeeds; GET and HEAD use nothing up',
      async (kind) => {
        const account = await newAccount()
        const token = (await signIn(url, account)).access_token
        const { flow } = (await post<Requested>(`${url}/auth/email/verification`, undefined, token)).body
        const { secret, code } = secretsOf(await mailServer.mailTo(account.email))
        for (const method of ['GET', 'HEAD']) {
          const headers = { Authorization: `Bearer ${token}` }
          const { status } = await fetch(`${url}/auth/email/verification/confirm?secret=${secret}`, { method, headers })
          expect(status).toBe(405)
        }
        const proof = kind === 'link' ? { secret } : { flow, code }
        const statuses = await Promise.all(
          Array.from({ length: 50 }, async (_, at) => {
            const response = await post(`${trio.auths[at % 2]?.url}/auth/email/verification/confirm`, proof, token)
            return response.status
          })
        )
        expect(statuses.toSorted()).toEqual([204, ...Array.from({ length: 49 }, () => 400)])
        expect((await eventsOf(account)).filter((type) => type === 'email.verified')).toHaveLength(1)
      }
    )

    test('says why there is no mail, and stops after five in an hour', async () => {
      const user = await register(url)
      const token = (await signIn(url, user)).access_token
      const ask = () => post(`${url}/auth/email/verification`, undefined, token)
      expect((await ask()).body.error).toBe('no_address')
      await query(database.url, `UPDATE users SET email = '"a,b"@example.com' WHERE id = $1`, [user.id])
      expect((await ask()).body.error).toBe('not_mailable')
      await query(database.url, 'UPDATE users SET email = $2 WHERE id = $1', [user.id, `${user.username}@example.com`])
      for (let mails = 0; mails < 5; mails++) expect((await ask()).status).toBe(202)
      expect((await ask()).status).toBe(429)
      // Another account that names the address has a limit of its own.
      const other = await register(url)
      await query(database.url, 'UPDATE users SET email = $2 WHERE id = $1', [other.id, `${user.username}@example.com`])
      const otherToken = (await signIn(url, other)).access_token
      expect((await post(`${url}/auth/email/verification`, undefined, otherToken)).status).toBe(202)
    })

    test.each([
      '"a,b"@example.com',
      'a,b@example.com',
      'a@example.com\r\nBcc: b@example.com',
      'a@example.com, b@example.com'
    ])('an account cannot be registered with %j', async (email) => {
      const body = { username: `u${randomBytes(6).toString('hex')}`, password: newPassword(), email }
      expect((await post(`${url}/auth/register`, body)).status).toBe(400)
    })
  })

  describe('a forgotten password', () => {
    test('is reset by link: sessions end, older secrets are void, nobody is signed in, and a mail tells of it', async () => {
      const account = await verified()
      const session = await signIn(url, account)
      await askForReset({ username: account.username })
      const first = await resetMail(account.email)
      await askForReset({ email: account.email.toUpperCase() })
      const { link, secret } = await resetMail(account.email, 2)
      expect(link).toBe(`${pagesUrl}/reset-password#${secret}`)
      const password = newPassword()
      expect((await confirmReset({ secret: first.secret, new_password: password })).status).toBe(400)
      // Refused passwords use nothing up.
      expect((await confirmReset({ secret, new_password: 'qwertyuiop' })).status).toBe(400)
      expect((await confirmReset({ secret, new_password: account.username })).status).toBe(400)
      const done = await confirmReset({ secret, new_password: password })
      expect({ status: done.status, body: done.body, cookie: done.headers.get('Set-Cookie') }).toEqual({
        status: 204,
        body: '',
        cookie: null
      })
      expect((await refresh(url, session.refresh_token)).status).toBe(400)
      await expect.poll(async () => (await get(`${trio.resource.url}/me`, session.access_token)).status).toBe(401)
      const { username } = account
      expect((await post(`${url}/auth/login`, { username, password: account.password })).status).toBe(401)
      await signIn(url, { username, password })
      const notice = await mailServer.mailTo(
        account.email,
        ({ content }) => content.subject?.includes('was changed') ?? false
      )
      expect(secretsOf(notice)).toMatchObject({ link: `${pagesUrl}/forgot-password`, secret: '', code: '' })
      expect(await eventsOf(account)).toEqual(expect.arrayContaining(['password_reset.requested', 'password.reset']))
      expect(await versionOf(account)).toBe(1)
    })

    test('is reset by code; a valid code uses no tries up, whatever becomes of it', async () => {
      const account = await verified()
      const { flow } = (await askForReset({ email: account.email })).body
      const { code } = await resetMail(account.email)
      const password = newPassword()
      for (let weak = 0; weak < 11; weak++) {
        const refused = await confirmReset({ flow, code, new_password: account.username })
        expect(refused.body).toMatchObject({ error: 'invalid_request', issues: [{ path: 'new_password' }] })
      }
      expect((await confirmReset({ flow, code, new_password: password })).status).toBe(204)
      await signIn(url, { username: account.username, password })
    })

    test('strangers use up neither the mails of a user, nor the link that is live', async () => {
      const account = await verified()
      const ask = async (body: object, address: string) => expect((await askForReset(body, address)).status).toBe(202)
      const untilPrepared = () =>
        expect
          .poll(() => query(database.url, 'SELECT 1 FROM password_reset_requests'), { timeout: 20_000 })
          .toHaveLength(0)
      // Each network has three, whatever it names; the response does not tell when they are used up.
      for (const network of [1, 2]) {
        for (let request = 0; request < 3; request++) {
          await ask({ email: account.email }, `127.2.${network}.1`)
          await ask({ username: account.username }, `127.2.${network}.1`)
        }
      }
      await untilPrepared()
      await resetMail(account.email, 6)
      // A network that has not asked yet has its own, and the user's own networks have some when all others are used up.
      for (let request = 0; request < 4; request++) await ask({ email: account.email }, '127.2.3.1')
      await ask({ email: account.email }, '127.2.4.1')
      await untilPrepared()
      await resetMail(account.email, 9)
      await ask({ email: account.email }, '127.0.0.1')
      const { secret } = await resetMail(account.email, 10)
      expect((await confirmReset({ secret, new_password: newPassword() })).status).toBe(204)
    })

    test('a change of the password voids the link', async () => {
      const account = await verified()
      await askForReset({ email: account.email })
      const { secret } = await resetMail(account.email)
      const token = (await signIn(url, account)).access_token
      const changed = { current_password: account.password, new_password: newPassword() }
      expect((await post(`${url}/auth/password`, changed, token)).status).toBe(204)
      expect((await confirmReset({ secret, new_password: newPassword() })).status).toBe(400)
    })

    test('so does one by the release before, and one that is under way', async () => {
      const account = await verified()
      await askForReset({ email: account.email })
      const { secret } = await resetMail(account.email)
      await query(database.url, 'UPDATE users SET password_set_at = now() WHERE id = $1', [account.id])
      expect((await confirmReset({ secret, new_password: newPassword() })).status).toBe(400)

      const other = await verified()
      await askForReset({ email: other.email })
      const mailed = await resetMail(other.email)
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      try {
        await client.query('BEGIN')
        await client.query('UPDATE users SET credentials_version = credentials_version + 1 WHERE id = $1', [other.id])
        const confirmed = confirmReset({ secret: mailed.secret, new_password: newPassword() })
        await expect
          .poll(async () => {
            const waiting = await query(
              database.url,
              "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            return waiting.length
          })
          .toBeGreaterThan(0)
        await client.query('COMMIT')
        expect((await confirmed).status).toBe(400)
      } finally {
        await client.end()
      }
      expect((await signIn(url, other)).access_token).toBeTruthy()
    })

    test('a wrong code takes as long for an address that nobody has', async () => {
      const known = await verified()
      for (const email of [known.email, 'nobody-at-all@example.com']) {
        const { flow } = (await askForReset({ email })).body
        if (email === known.email) await resetMail(email)
        const begin = performance.now()
        expect((await confirmReset({ flow, code: '00000000', new_password: newPassword() })).status).toBe(400)
        expect(performance.now() - begin).toBeGreaterThan(290)
      }
    })

    test('the response is the same for a name that nobody has, an address that is not verified, and one that is', async () => {
      const [known, unverified] = [await verified(), await newAccount()]
      const before = mailServer.received.length
      const shape = { flow: expect.stringMatching(/^[\w-]{43}$/), expires_in: 600 }
      for (const body of [
        { email: known.email },
        { email: unverified.email },
        { username: unverified.username },
        { email: 'nobody@example.org' },
        { username: 'nobody-there' },
        { username: 'no name at all' }
      ]) {
        const { status, body: shown } = await askForReset(body)
        expect({ status, shown }).toEqual({ status: 202, shown: shape })
      }
      await resetMail(known.email)
      await expect
        .poll(() => query(database.url, 'SELECT 1 FROM password_reset_requests'), { timeout: 20_000 })
        .toHaveLength(0)
      expect(mailServer.received.slice(before).map(({ to }) => to)).toEqual([[known.email]])
    })

    test('ten wrong codes in an hour close the codes of the account, and not its links', async () => {
      const account = await verified()
      for (const mails of [1, 2]) {
        const { flow } = (await askForReset({ email: account.email })).body
        const { code } = await resetMail(account.email, mails)
        const wrong = String((Number(code) + 1) % 10 ** 8).padStart(8, '0')
        for (let tries = 0; tries < 5; tries++) {
          expect((await confirmReset({ flow, code: wrong, new_password: newPassword() })).status).toBe(400)
        }
      }
      const { flow } = (await askForReset({ email: account.email })).body
      const { code, secret } = await resetMail(account.email, 3)
      expect((await confirmReset({ flow, code, new_password: newPassword() })).status).toBe(400)
      expect((await confirmReset({ secret, new_password: newPassword() })).status).toBe(204)
    })

    test('a secret of one purpose is worthless for another', async () => {
      const account = await newAccount()
      const token = (await signIn(url, account)).access_token
      const { flow } = (await post<Requested>(`${url}/auth/email/verification`, undefined, token)).body
      const { secret, code } = secretsOf(await mailServer.mailTo(account.email))
      expect((await confirmReset({ secret, new_password: newPassword() })).status).toBe(400)
      expect((await confirmReset({ flow, code, new_password: newPassword() })).status).toBe(400)
      expect((await post(`${url}/auth/email/verification/confirm`, { secret }, token)).status).toBe(204)
    })

    test.each(['link', 'code'] as const)(
      'of 50 parallel uses of a %s on two replicas one succeeds; GET and HEAD use nothing up',
      async (kind) => {
        const account = await verified()
        const { flow } = (await askForReset({ email: account.email })).body
        const { secret, code } = await resetMail(account.email)
        for (const method of ['GET', 'HEAD']) {
          const { status } = await fetch(`${url}/auth/password-reset/confirm?secret=${secret}`, { method })
          expect(status).toBe(405)
        }
        const proof = kind === 'link' ? { secret } : { flow, code }
        const attempts = Array.from({ length: 50 }, async (_, at) => {
          const password = newPassword()
          const body = { ...proof, new_password: password }
          for (;;) {
            const { status } = await confirmReset(body, trio.auths[at % 2]?.url)
            // There was no time for the hash: it is asked again.
            if (status !== 503) return { status, password }
          }
        })
        const results = await Promise.all(attempts)
        const successes = results.filter(({ status }) => status === 204)
        expect(successes).toHaveLength(1)
        expect(results.filter(({ status }) => status === 400)).toHaveLength(49)
        await signIn(url, { username: account.username, password: successes[0]?.password as string })
        expect(await versionOf(account)).toBe(1)
      }
    )
  })

  test('the user gets a mail about a password that they change', async () => {
    const account = await verified()
    const { access_token } = await signIn(url, account)
    const change = { current_password: account.password, new_password: newPassword() }
    expect((await post(`${url}/auth/password`, change, access_token)).status).toBe(204)
    await mailServer.mailTo(account.email, ({ content }) => content.subject?.includes('was changed') ?? false)
  })

  describe('another address', () => {
    const newAddress = () => `new-${randomBytes(6).toString('hex')}@example.com`
    const ask = (token: string, email: string) => post<Requested>(`${url}/auth/me/email`, { email }, token)
    const confirm = (body: object, token: string, at = url) => post(`${at}/auth/me/email/confirm`, body, token)
    const undo = (secret: string, password = newPassword(), at = url) =>
      post(`${at}/auth/email/undo`, { secret, new_password: password })
    const isAbout = (subject: RegExp) => (mail: ReceivedMail) => subject.test(mail.content.subject ?? '')
    const mailTo = async (email: string, subject: RegExp) => secretsOf(await mailServer.mailTo(email, isAbout(subject)))
    const addressOf = async (token: string) =>
      (await get<{ email: string; email_verified: boolean }>(`${url}/auth/me`, token)).body

    /** Changes the address, as its user or as a thief. */
    async function change(token: string, email = newAddress()): Promise<string> {
      expect((await ask(token, email)).status).toBe(202)
      const { secret } = await mailTo(email, /Confirm your new e-mail address/)
      expect((await confirm({ secret }, token)).status).toBe(204)
      return email
    }

    test('becomes the address of the account once confirmed by mail; the former one can be restored, with a new password', async () => {
      const account = await verified()
      const session = await signIn(url, account)
      const token = session.access_token
      const email = newAddress()
      const { status, body } = await ask(token, email)
      expect({ status, body }).toEqual({
        status: 202,
        body: { flow: expect.stringMatching(/^[\w-]{43}$/), expires_in: 86_400 }
      })
      const { link, secret, code } = await mailTo(email, /Confirm your new e-mail address/)
      expect(link).toBe(`${pagesUrl}/change-email#${secret}`)
      expect(await addressOf(token)).toMatchObject({ email: account.email, email_verified: true })
      expect((await confirm({ flow: body.flow, code }, token)).status).toBe(204)
      expect(await addressOf(token)).toMatchObject({ email, email_verified: true })
      expect((await refresh(url, session.refresh_token)).status).toBe(200)
      expect((await post(`${url}/auth/login`, { username: email, password: account.password })).status).toBe(200)
      expect((await confirm({ secret }, token)).status).toBe(400)

      const notice = await mailTo(account.email, /Your e-mail address was changed/)
      expect(notice.link).toBe(`${pagesUrl}/undo-email#${notice.secret}`)
      expect(notice.code).toBe('')
      const password = newPassword()
      // Refused passwords use nothing up.
      expect((await undo(notice.secret, 'qwertyuiop')).status).toBe(400)
      expect((await undo(notice.secret, password)).status).toBe(204)
      expect((await refresh(url, session.refresh_token)).status).toBe(400)
      await expect.poll(async () => (await get(`${trio.resource.url}/me`, token)).status).toBe(401)
      expect((await post(`${url}/auth/login`, { username: email, password })).status).toBe(401)
      const again = await signIn(url, { username: account.email, password })
      expect(await addressOf(again.access_token)).toMatchObject({ email: account.email, email_verified: true })
      expect((await undo(notice.secret)).status).toBe(400)
      expect(await eventsOf(account)).toEqual(expect.arrayContaining(['email.changed', 'email.change_undone']))
    })

    test('dies with a change of the password, with a reset and with a later request', async () => {
      const account = await verified()
      const token = (await signIn(url, account)).access_token
      expect((await ask(token, account.email)).body).toMatchObject({ error: 'already_verified' })
      const [first, second] = [newAddress(), newAddress()]
      await ask(token, first)
      await ask(token, second)
      const [former, latter] = [await mailTo(first, /new/), await mailTo(second, /new/)]
      expect((await confirm({ secret: former.secret }, token)).status).toBe(400)
      const password = newPassword()
      const changed = { current_password: account.password, new_password: password }
      expect((await post(`${url}/auth/password`, changed, token)).status).toBe(204)
      expect((await confirm({ secret: latter.secret }, token)).status).toBe(400)

      const third = newAddress()
      await ask(token, third)
      const last = await mailTo(third, /new/)
      await askForReset({ email: account.email })
      const reset = await resetMail(account.email)
      expect((await confirmReset({ secret: reset.secret, new_password: newPassword() })).status).toBe(204)
      const back = await query<{ email: string }>(database.url, 'SELECT email FROM users WHERE id = $1', [account.id])
      expect(back[0]?.email).toBe(account.email)
      expect((await confirm({ secret: last.secret }, token)).status).toBeOneOf([400, 401])
    })

    test('voids a reset that was mailed to the former one; restoring that one works whatever a thief does next', async () => {
      const account = await verified()
      const token = (await signIn(url, account)).access_token
      await askForReset({ email: account.email })
      const stale = await resetMail(account.email)
      const second = await change(token)
      expect((await confirmReset({ secret: stale.secret, new_password: newPassword() })).status).toBe(400)
      const { secret } = await mailTo(account.email, /Your e-mail address was changed/)

      // The thief changes the address again, resets the password, and asks for the deletion.
      await change(token)
      const again = await mailTo(second, /Your e-mail address was changed/)
      expect(again.link).toBe('')
      const password = newPassword()
      const changed = { current_password: account.password, new_password: password }
      expect((await post(`${url}/auth/password`, changed, token)).status).toBe(204)
      expect((await post(`${url}/auth/me/deletion`, undefined, token)).status).toBe(202)

      const addApp = "INSERT INTO totp_factors (user_id, sealed_seed, last_step) VALUES ($1, '', 0)"
      await query(database.url, addApp, [account.id])

      const own = newPassword()
      expect((await undo(secret, own)).status).toBe(204)
      const { username } = account
      expect((await post(`${url}/auth/login`, { username, password })).status).toBe(401)
      const session = await signIn(url, { username, password: own })
      expect(await addressOf(session.access_token)).toMatchObject({ email: account.email, email_verified: true })
      const pending = await query(database.url, 'SELECT 1 FROM users WHERE id = $1 AND deletion_at IS NOT NULL', [
        account.id
      ])
      expect(pending).toEqual([])
    })

    test('restoring it keeps a second factor of before', async () => {
      const account = await verified()
      await change((await signIn(url, account)).access_token)
      const { secret } = await mailTo(account.email, /Your e-mail address was changed/)
      const addApp =
        "INSERT INTO totp_factors (user_id, sealed_seed, last_step, created_at) VALUES ($1, '', 0, now() - interval '1 day')"
      await query(database.url, addApp, [account.id])
      const password = newPassword()
      expect((await undo(secret, password)).status).toBe(204)
      const { username } = account
      expect(await post(`${url}/auth/login`, { username, password })).toMatchObject({
        status: 401,
        body: { error: 'factor_required' }
      })
    })

    test('of another account is revealed only in its mail, and neither proof works elsewhere', async () => {
      const [account, owner] = [await verified(), await verified()]
      const [token, other] = [(await signIn(url, account)).access_token, (await signIn(url, owner)).access_token]
      const known = await ask(token, owner.email)
      const unknown = await ask(token, newAddress())
      expect([known.status, Object.keys(known.body)]).toEqual([unknown.status, Object.keys(unknown.body)])
      await ask(token, owner.email)
      const mails = mailServer.received.filter(({ to }) => to.includes(owner.email))
      const isLater = (mail: ReceivedMail) => !mails.includes(mail) && isAbout(/new/)(mail)
      const { secret } = secretsOf(await mailServer.mailTo(owner.email, isLater))
      expect((await confirm({ secret }, other)).status).toBe(400)
      expect((await post(`${url}/auth/email/verification/confirm`, { secret }, token)).status).toBe(400)
      expect((await undo(secret)).status).toBe(400)
      const refused = await confirm({ secret }, token)
      expect({ status: refused.status, error: refused.body.error }).toEqual({ status: 409, error: 'address_taken' })
      expect(await addressOf(token)).toMatchObject({ email: account.email })
    })

    test('an address that was not verified is replaced without a mail to it; an account asks ten times in an hour', async () => {
      const account = await newAccount()
      const token = (await signIn(url, account)).access_token
      const email = await change(token)
      expect(await addressOf(token)).toMatchObject({ email, email_verified: true })
      for (let asked = 1; asked < 10; asked++) expect((await ask(token, newAddress())).status).toBe(202)
      expect((await ask(token, newAddress())).status).toBe(429)
      expect(mailServer.received.filter(({ to }) => to.includes(account.email))).toEqual([])
    })

    test.each(['link', 'code', 'undo'] as const)(
      'of 50 parallel uses of the %s on two replicas one succeeds; GET and HEAD use nothing up',
      async (kind) => {
        const account = await verified()
        const token = (await signIn(url, account)).access_token
        const email = newAddress()
        const { flow } = (await ask(token, email)).body
        const { secret, code } = await mailTo(email, /new/)
        if (kind === 'undo') expect((await confirm({ secret }, token)).status).toBe(204)
        const notice = kind === 'undo' ? await mailTo(account.email, /was changed/) : undefined
        const path = notice ? '/auth/email/undo' : '/auth/me/email/confirm'
        for (const method of ['GET', 'HEAD']) expect((await fetch(`${url}${path}`, { method })).status).toBe(405)
        const proof = kind === 'code' ? { flow, code } : { secret }
        const statuses = await Promise.all(
          Array.from({ length: 50 }, async (_, at) => {
            for (;;) {
              const replica = trio.auths[at % 2]?.url
              const response = notice
                ? await undo(notice.secret, newPassword(), replica)
                : await confirm(proof, token, replica)
              // There was no time for the hash: it is asked again.
              if (response.status !== 503) return response.status
            }
          })
        )
        expect(statuses.toSorted()).toEqual([204, ...Array.from({ length: 49 }, () => 400)])
      }
    )
  })

  test('no secret is in the database or the logs', async () => {
    const waiting = await query<{ row: string }>(database.url, 'SELECT mail_outbox::text AS row FROM mail_outbox')
    const secrets = await query<{ row: string }>(
      database.url,
      'SELECT one_time_secrets::text AS row FROM one_time_secrets'
    )
    const kept = [...waiting, ...secrets].map(({ row }) => row).join('\n') + trio.logs()
    const used = mailServer.received.map(secretsOf).flatMap(({ secret, code }) => [secret, code])
    expect(used.filter((text) => text !== '' && kept.includes(text))).toEqual([])
    const [sealed] = await query<{ count: number }>(
      database.url,
      'SELECT count(*)::int FROM mail_outbox WHERE sealed_secret IS NOT NULL AND delivered_at IS NOT NULL'
    )
    expect(sealed?.count).toBe(0)
  })
})
