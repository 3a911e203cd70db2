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
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type MailServer, secretsOf } from './fixtures/mail-server.ts'
import { type MailTrio, startMailTrio } from './fixtures/mail-trio.ts'
import { postFrom } from './fixtures/post-from.ts'

const pagesUrl = 'https://pages.example.com/account'

interface Requested {
  flow: string
  expires_in: number
}

interface SignedIn {
  access_token: string
  refresh_token: string
  device_token: string
  error?: string
}

describe.skipIf(!inject('docker'))('sign-in by mail', () => {
  let fixture: MailTrio
  let database: TestDatabase
  let mailServer: MailServer
  let urls: string[]

  beforeAll(async () => {
    fixture = await startMailTrio({
      pagesUrl,
      authReplicas: 2,
      env: { MAIL_SIGN_IN: 'on', REGISTRATIONS_PER_ADDRESS: '1000', SIGN_IN_FAILURES_PER_ADDRESS: '10000' }
    })
    ;({ database, mailServer } = fixture)
    urls = fixture.trio.auths.map(({ url }) => url)
  })
  afterAll(async () => {
    await fixture?.stop()
  })

  const urlOf = (index: number) => urls[index % urls.length] as string

  interface Account extends Credentials {
    readonly id: string
    readonly email: string
  }

  async function newAccount({ isVerified = true } = {}): Promise<Account> {
    const user = await register(urlOf(0))
    const email = `${user.username}@example.com`
    await query(
      database.url,
      'UPDATE users SET email = $2, email_key = $2, email_verified_at = CASE WHEN $3 THEN now() END WHERE id = $1',
      [user.id, email, isVerified]
    )
    return { ...user, email }
  }

  // Each from another network, whose requests have a limit.
  let networks = 0
  const ask = async (body: object, address = `127.2.${networks++}.1`) =>
    postFrom<Requested>(address, `${urlOf(0)}/auth/login/mail`, body)
  const mailsTo = ({ email }: Account, subject = 'Sign in') =>
    mailServer.received.filter(({ to, content }) => to.includes(email) && content.subject?.includes(subject))
  async function mailOf(account: Account, count = 1, subject?: string) {
    await expect.poll(() => mailsTo(account, subject).length, { timeout: 20_000 }).toBe(count)
    return secretsOf(mailsTo(account, subject)[count - 1] as never)
  }
  const confirm = (body: object, index = 1) => post<SignedIn>(`${urlOf(index)}/auth/login/mail/confirm`, body)
  async function askedBy(account: Account, count = 1) {
    const { flow } = (await ask({ email: account.email })).body
    return { flow, ...(await mailOf(account, count)) }
  }
  const refused = { status: 401, body: { error: 'invalid_credentials' } }
  const otherThan = (code: string) => String((Number(code) + 1) % 10 ** 8).padStart(8, '0')

  test('with the code or the link, at another replica, in the flow that asked alone; tokens say how, also after a refresh', async () => {
    const account = await newAccount()
    const byName = await ask({ username: account.username })
    expect(byName).toEqual({ status: 202, body: { flow: expect.stringMatching(/^[\w-]{43}$/), expires_in: 600 } })
    const first = { flow: byName.body.flow, ...(await mailOf(account)) }
    const { body: other } = await ask({ email: 'nobody@example.com' })
    for (const proof of [{ secret: first.secret }, { code: first.code }]) {
      expect(await confirm({ flow: other.flow, ...proof })).toMatchObject(refused)
    }
    expect((await confirm({ secret: first.secret })).status).toBe(400)
    expect((await confirm({ flow: first.flow, secret: first.secret, code: first.code })).status).toBe(400)
    const byCode = await confirm({ flow: first.flow, code: first.code })
    expect(byCode.status, JSON.stringify(byCode.body)).toBe(200)
    const { sub, acr, amr, auth_time } = unverifiedClaims(byCode.body.access_token)
    expect({ sub, acr, amr }).toEqual({ sub: account.id, acr: 'urn:countersign:acr:1', amr: ['otp'] })
    const { access_token: refreshed } = (await refresh(urlOf(0), byCode.body.refresh_token)).body
    expect(unverifiedClaims(refreshed)).toMatchObject({ acr, amr, auth_time })
    expect(await confirm({ flow: first.flow, secret: first.secret })).toMatchObject(refused)
    const second = await askedBy(account, 2)
    const byLink = await confirm({ flow: second.flow, secret: second.secret })
    expect(byLink.status, JSON.stringify(byLink.body)).toBe(200)
    expect(byLink.body.device_token).toEqual(expect.any(String))
  })

  test('is asked for with the same response for known, unknown, unverified and disabled users; only a verified address gets a mail', async () => {
    const [known, unverified, disabled] = [
      await newAccount(),
      await newAccount({ isVerified: false }),
      await newAccount()
    ]
    await query(database.url, 'UPDATE users SET disabled_at = now() WHERE id = $1', [disabled.id])
    const same = { status: 202, body: { flow: expect.stringMatching(/^[\w-]{43}$/), expires_in: 600 } }
    const flows = []
    for (const body of [
      { email: unverified.email },
      { username: unverified.username },
      { email: disabled.email },
      { email: 'nobody@example.com' },
      { username: 'nobody' },
      // The last, so that the others are settled when its mail is there.
      { email: known.email.toUpperCase() }
    ]) {
      const response = await ask(body)
      expect(response).toEqual(same)
      flows.push(response.body.flow)
    }
    const { code } = await mailOf(known)
    expect([unverified, disabled].flatMap((account) => mailsTo(account))).toEqual([])
    expect(await query(database.url, 'SELECT 1 FROM users WHERE email = $1', ['nobody@example.com'])).toEqual([])
    const responses = []
    for (const flow of flows) responses.push(await confirm({ flow, code: otherThan(code) }))
    expect(new Set(responses.map(({ status, body }) => JSON.stringify({ status, body }))).size).toBe(1)
    expect(responses[0]).toMatchObject(refused)
  })

  test('a user who is disabled after the mail is refused with the same words as for a wrong code', async () => {
    const account = await newAccount()
    const { flow, code, secret } = await askedBy(account)
    const wrong = await confirm({ flow, code: otherThan(code) })
    await query(database.url, 'UPDATE users SET disabled_at = now() WHERE id = $1', [account.id])
    for (const proof of [{ code }, { secret }]) {
      const { status, body } = await confirm({ flow, ...proof })
      expect({ status, body }).toEqual({ status: wrong.status, body: wrong.body })
    }
  })

  test.each(['code', 'secret'] as const)(
    'of 50 parallel uses of a %s on two replicas one succeeds; GET, HEAD and an empty POST use nothing up',
    async (kind) => {
      const { flow, ...mail } = await askedBy(await newAccount())
      const path = `${urlOf(0)}/auth/login/mail/confirm`
      for (const method of ['GET', 'HEAD']) expect((await fetch(path, { method })).status).toBe(405)
      expect((await fetch(path, { method: 'POST' })).status).toBeGreaterThanOrEqual(400)
      expect((await confirm({ flow })).status).toBe(400)
      const uses = await Promise.all(Array.from({ length: 50 }, (_, n) => confirm({ flow, [kind]: mail[kind] }, n)))
      const statuses = uses.map(({ status }) => status)
      expect(statuses.filter((status) => status === 200)).toHaveLength(1)
      expect(statuses.filter((status) => status === 401)).toHaveLength(49)
    }
  )

  test('five wrong codes close the code of a flow, and not its link; each is in the audit log of the user', async () => {
    const account = await newAccount()
    const { flow, code, secret } = await askedBy(account)
    for (let n = 0; n < 5; n++) expect(await confirm({ flow, code: otherThan(code) }, n)).toMatchObject(refused)
    expect(await confirm({ flow, code })).toMatchObject(refused)
    const failures = await query(
      database.url,
      `SELECT 1 FROM audit_events WHERE user_id = $1 AND type = 'sign_in.failed'`,
      [account.id]
    )
    expect(failures).toHaveLength(5)
    expect((await confirm({ flow, secret })).status).toBe(200)
  })

  test('ten wrong codes of an hour, over all kinds of mail, close its codes, and not its links', async () => {
    const account = await newAccount()
    const reset = (await postFrom<Requested>('127.3.0.1', `${urlOf(0)}/auth/password-reset`, { email: account.email }))
      .body
    const { code: resetCode } = await mailOf(account, 1, 'Reset')
    for (let n = 0; n < 5; n++) {
      const guess = { flow: reset.flow, code: otherThan(resetCode), new_password: 'a new long password 77' }
      expect((await post(`${urlOf(n)}/auth/password-reset/confirm`, guess)).status).toBe(400)
    }
    const first = await askedBy(account)
    for (let n = 0; n < 5; n++) await confirm({ flow: first.flow, code: otherThan(first.code) }, n)
    const second = await askedBy(account, 2)
    expect(await confirm({ flow: second.flow, code: second.code })).toMatchObject(refused)
    expect((await confirm({ flow: second.flow, secret: second.secret })).status).toBe(200)
  })

  test('a later mail voids the one before; neither is valid after ten minutes', async () => {
    const account = await newAccount()
    const first = await askedBy(account)
    const second = await askedBy(account, 2)
    expect(await confirm({ flow: first.flow, code: first.code })).toMatchObject(refused)
    expect(await confirm({ flow: first.flow, secret: first.secret })).toMatchObject(refused)
    await query(
      database.url,
      `UPDATE one_time_secrets SET expires_at = expires_at - interval '10 minutes' WHERE user_id = $1 AND purpose = 'mail_sign_in'`,
      [account.id]
    )
    expect(await confirm({ flow: second.flow, secret: second.secret })).toMatchObject(refused)
  })

  test('a network gets three mails for an account in an hour, and strangers leave some for others', async () => {
    const account = await newAccount()
    for (let n = 0; n < 4; n++) expect((await ask({ email: account.email }, '127.4.0.1')).status).toBe(202)
    await ask({ email: account.email })
    await mailOf(account, 4)
  })

  test('one address may ask 20 times in an hour', async () => {
    const statuses = []
    for (let n = 0; n < 21; n++) statuses.push((await ask({ email: 'nobody@example.com' }, '127.5.0.1')).status)
    expect(statuses).toEqual([...Array(20).fill(202), 429])
  })

  test('the link is of PAGES_URL, whatever the request says', async () => {
    const account = await newAccount()
    const poison = 'evil.example.net'
    const { status } = await send(`${urlOf(0)}/auth/login/mail`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-Forwarded-Host': poison,
        'X-Forwarded-Proto': 'gopher',
        Forwarded: `host=${poison}`,
        Origin: `https://${poison}`,
        Referer: `https://${poison}/`
      },
      body: JSON.stringify({ email: account.email })
    })
    expect(status).toBe(202)
    const { link } = await mailOf(account)
    expect(link).toMatch(/^https:\/\/pages\.example\.com\/account\/sign-in\/mail#[\w-]{43}$/)
    expect(JSON.stringify(mailsTo(account))).not.toContain(poison)
  })

  test('with a DPoP proof both tokens are bound to its key; a proof that was used before leaves the code good', async () => {
    const { flow, code } = await askedBy(await newAccount())
    const key = await makeClientKey()
    const path = '/auth/login/mail/confirm'
    const confirmWith = (proof: string) =>
      send<SignedIn>(`${urlOf(0)}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', DPoP: proof },
        body: JSON.stringify({ flow, code })
      })
    const used = await dpopProof(key, { method: 'POST', url: `http://issuer.test${path}` })
    const { flow: otherFlow, code: otherCode } = await askedBy(await newAccount())
    const first = await send(`${urlOf(1)}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', DPoP: used },
      body: JSON.stringify({ flow: otherFlow, code: otherCode })
    })
    expect(first.status).toBe(200)
    expect(await confirmWith(used)).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } })
    const { status, body } = await confirmWith(
      await dpopProof(key, { method: 'POST', url: `http://issuer.test${path}` })
    )
    expect(status, JSON.stringify(body)).toBe(200)
    expect(unverifiedClaims(body.access_token)).toMatchObject({ cnf: { jkt: key.publicJwk.kid } })
    expect((await refresh(urlOf(0), body.refresh_token)).status).toBe(400)
  })

  test('a change of the password or of the address voids the mail', async () => {
    const changed = await newAccount()
    const session = await signIn(urlOf(0), changed)
    const first = await askedBy(changed)
    const passwords = { current_password: changed.password, new_password: 'another long password 93' }
    expect((await post(`${urlOf(1)}/auth/password`, passwords, session.access_token)).status).toBeLessThan(300)
    const moved = await newAccount()
    const { access_token: token } = await signIn(urlOf(0), moved)
    const second = await askedBy(moved)
    const email = `new-${moved.email}`
    const change = await post<Requested>(`${urlOf(0)}/auth/me/email`, { email }, token)
    const { code } = secretsOf(await mailServer.mailTo(email))
    const confirmed = await post(`${urlOf(1)}/auth/me/email/confirm`, { flow: change.body.flow, code }, token)
    expect(confirmed.status, JSON.stringify(confirmed.body)).toBe(204)
    for (const { flow, code, secret } of [first, second]) {
      expect(await confirm({ flow, code })).toMatchObject(refused)
      expect(await confirm({ flow, secret })).toMatchObject(refused)
    }
  })

  test('a secret mailed for another purpose signs nobody in, and one that signs in does nothing else', async () => {
    const account = await newAccount()
    const mine = await askedBy(account)
    const { body: reset } = await postFrom<Requested>('127.3.0.2', `${urlOf(0)}/auth/password-reset`, {
      email: account.email
    })
    const other = await mailOf(account, 1, 'Reset')
    for (const proof of [{ code: other.code }, { secret: other.secret }]) {
      expect(await confirm({ flow: reset.flow, ...proof })).toMatchObject(refused)
      expect(await confirm({ flow: mine.flow, ...proof })).toMatchObject(refused)
    }
    const newPassword = { new_password: 'a new long password 77' }
    for (const proof of [{ flow: mine.flow, code: mine.code }, { secret: mine.secret }]) {
      expect((await post(`${urlOf(0)}/auth/password-reset/confirm`, { ...proof, ...newPassword })).status).toBe(400)
    }
    expect((await confirm({ flow: mine.flow, secret: mine.secret })).status).toBe(200)
    const { secret } = other
    expect((await post(`${urlOf(0)}/auth/password-reset/confirm`, { secret, ...newPassword })).status).toBe(204)
  })

  test('asks for the second factor of the user, and the flow of the mail is no flow of a sign-in', async () => {
    const account = await newAccount()
    await query(database.url, `INSERT INTO totp_factors (user_id, sealed_seed, last_step) VALUES ($1, '', 0)`, [
      account.id
    ])
    const { flow, code } = await askedBy(account)
    expect((await post(`${urlOf(0)}/auth/login/factor`, { flow, totp: '123456' })).status).toBe(404)
    const { status, body } = await confirm({ flow, code })
    expect({ status, body }).toMatchObject({
      status: 401,
      body: { error: 'factor_required', factors: ['totp', 'recovery_code'], enrolment: null }
    })
    expect(JSON.stringify(body)).not.toContain('token')
    expect(await confirm({ flow, code })).toMatchObject(refused)
  })

  test('keeps an account that was going to be deleted, as every sign-in', async () => {
    const account = await newAccount()
    const { access_token: token } = await signIn(urlOf(0), account)
    expect((await post(`${urlOf(0)}/auth/me/deletion`, undefined, token)).status).toBe(202)
    const { flow, code } = await askedBy(account)
    expect((await confirm({ flow, code })).status).toBe(200)
    const [row] = await query(database.url, 'SELECT deletion_at FROM users WHERE id = $1', [account.id])
    expect(row).toEqual({ deletion_at: null })
    await mailOf(account, 1, 'stays')
  })

  test('is off unless it was turned on', async () => {
    const { url } = await fixture.trio.startAuth({ MAIL_SIGN_IN: 'off' })
    const offers = (at: string) => get<{ mail: boolean; mail_sign_in: boolean }>(`${at}/auth/register`)
    expect((await offers(url)).body).toMatchObject({ mail: true, mail_sign_in: false })
    expect((await offers(urlOf(0))).body).toMatchObject({ mail: true, mail_sign_in: true })
    expect((await post(`${url}/auth/login/mail`, { email: 'a@example.com' })).status).toBe(404)
    const flow = 'f'.repeat(43)
    expect((await post(`${url}/auth/login/mail/confirm`, { flow, code: '12345678' })).status).toBe(404)
  })
})
