import { randomBytes } from 'node:crypto'
import type { TestDatabase } from '@countersign/testing'
import { type Credentials, get, post, query, refresh, signIn, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type MailServer, type ReceivedMail, secretsOf } from './fixtures/mail-server.ts'
import { type MailTrio, startMailTrio } from './fixtures/mail-trio.ts'

/**
 * The five classes of pre-hijacking (Sudhodanan and Paverd, 2022): somebody prepares an account with the address of a person who has none yet,
 * and waits. Here an address counts only where its mail was read, so the person never comes into that account.
 */
describe.skipIf(!inject('docker'))('an account that somebody has prepared with the address of another person', () => {
  let fixture: MailTrio
  let database: TestDatabase
  let mailServer: MailServer
  let trio: Trio
  let url: string

  beforeAll(async () => {
    fixture = await startMailTrio({
      env: { REGISTRATIONS_PER_ADDRESS: '1000' }
    })
    ;({ database, mailServer, trio } = fixture)
    url = trio.auth.url
  })
  afterAll(async () => {
    await fixture?.stop()
  })

  interface Account extends Credentials {
    readonly id: string
  }

  async function registerWith(email: string): Promise<Account> {
    const credentials = {
      username: `u${randomBytes(6).toString('hex')}`,
      password: randomBytes(12).toString('base64url')
    }
    const { status, body } = await post<{ id: string }>(`${url}/auth/register`, { ...credentials, email })
    expect(status).toBe(201)
    return { ...credentials, id: body.id }
  }
  const newAddress = () => `${randomBytes(6).toString('hex')}@example.com`
  const mailFor = async (email: string, { username }: Account, subject: RegExp) => {
    const isIt = ({ content }: ReceivedMail) =>
      subject.test(content.subject ?? '') && (content.text ?? '').includes(username)
    return secretsOf(await mailServer.mailTo(email, isIt))
  }
  const requestVerification = (token: string) => post(`${url}/auth/email/verification`, undefined, token)
  const verify = (secret: string, token: string) => post(`${url}/auth/email/verification/confirm`, { secret }, token)

  /** The person comes, and has the address verified in an account of their own. */
  async function arrive(email: string) {
    const account = await registerWith(email)
    const session = await signIn(url, account)
    await requestVerification(session.access_token)
    const { secret } = await mailFor(email, account, /Confirm/)
    expect((await verify(secret, session.access_token)).status).toBe(204)
    return { account, session }
  }
  const signInBy = (username: string, password: string) => post(`${url}/auth/login`, { username, password })
  const userOf = async (username: string, password: string) => {
    const { access_token: token } = await signIn(url, { username, password })
    return (await get<{ id: string }>(`${url}/auth/me`, token)).body.id
  }

  test('classic: the prepared password opens nothing of the person, and the address is the one of the person', async () => {
    const email = newAddress()
    const prepared = await registerWith(email)
    const { account } = await arrive(email)
    expect((await signInBy(email, prepared.password)).status).toBe(401)
    expect((await signInBy(account.username, prepared.password)).status).toBe(401)
    expect(await userOf(email, account.password)).toBe(account.id)
    // A new password by the address is one of the person's account.
    await post(`${url}/auth/password-reset`, { email })
    const { secret } = await mailFor(email, account, /Reset/)
    const password = randomBytes(12).toString('base64url')
    expect((await post(`${url}/auth/password-reset/confirm`, { secret, new_password: password })).status).toBe(204)
    expect(await userOf(email, password)).toBe(account.id)
    expect(await userOf(prepared.username, prepared.password)).toBe(prepared.id)
  })

  test('unexpired session: it stays one of the prepared account, which cannot verify the address any more', async () => {
    const email = newAddress()
    const prepared = await registerWith(email)
    const waiting = await signIn(url, prepared)
    // The mail that the other one asks for says for which account it is, and does nothing in the session of the person.
    await requestVerification(waiting.access_token)
    const lure = await mailFor(email, prepared, /Confirm/)
    const { account, session } = await arrive(email)
    expect((await verify(lure.secret, session.access_token)).status).toBe(400)
    const { body } = await get<{ id: string; email_verified: boolean }>(`${url}/auth/me`, waiting.access_token)
    expect(body).toMatchObject({ id: prepared.id, email_verified: false })
    // Even if the person gives the link away.
    expect(await verify(lure.secret, waiting.access_token)).toMatchObject({ status: 409 })
    expect(await userOf(email, account.password)).toBe(account.id)
  })

  test('trojan identifier: what was added to an account before is void when its password is reset by mail', async () => {
    const email = newAddress()
    const { account } = await arrive(email)
    // Somebody who knows the password for a while prepares ways back.
    const stranger = await signIn(url, account)
    const foreign = newAddress()
    expect((await post(`${url}/auth/me/email`, { email: foreign }, stranger.access_token)).status).toBe(202)
    const pending = await mailFor(foreign, account, /new/)
    await post(`${url}/auth/password-reset`, { email })
    const { secret } = await mailFor(email, account, /Reset/)
    const password = randomBytes(12).toString('base64url')
    expect((await post(`${url}/auth/password-reset/confirm`, { secret, new_password: password })).status).toBe(204)
    const own = await signIn(url, { ...account, password })
    const confirm = (token: string) => post(`${url}/auth/me/email/confirm`, { secret: pending.secret }, token)
    expect((await confirm(own.access_token)).status).toBe(400)
    expect((await refresh(url, stranger.refresh_token)).status).toBe(400)
    await expect.poll(async () => (await confirm(stranger.access_token)).status).toBe(401)
    expect((await signInBy(foreign, account.password)).status).toBe(401)
    expect(await userOf(email, password)).toBe(account.id)
  })

  test('unexpired change of address: the link that the person gets works in the session of its account alone', async () => {
    const email = newAddress()
    const prepared = await registerWith(newAddress())
    const waiting = await signIn(url, prepared)
    expect((await post(`${url}/auth/me/email`, { email }, waiting.access_token)).status).toBe(202)
    const lure = await mailFor(email, prepared, /new/)
    const { account, session } = await arrive(email)
    const confirm = (token?: string) => post(`${url}/auth/me/email/confirm`, { secret: lure.secret }, token)
    expect((await confirm()).status).toBe(401)
    expect((await confirm(session.access_token)).status).toBe(400)
    expect((await confirm(waiting.access_token)).status).toBe(409)
    expect(await userOf(email, account.password)).toBe(account.id)
  })

  test('an address that nobody has verified: one that an import or an admin brings gives no way in', async () => {
    const email = newAddress()
    const prepared = await registerWith(newAddress())
    // As an import writes it that does not say that the address is verified.
    await query(database.url, 'UPDATE users SET email = $2 WHERE id = $1', [prepared.id, email])
    const { account } = await arrive(email)
    expect((await signInBy(email, prepared.password)).status).toBe(401)
    expect(await userOf(email, account.password)).toBe(account.id)
  })
})
