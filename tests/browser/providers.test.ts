import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { findLastingPort } from '@countersign/testing'
import { post, query, send, signIn, untilReady } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type MockProvider, startMockProvider } from '../integration/fixtures/mock-provider.ts'
import {
  admin,
  createAccount,
  type Fixture,
  hasBrowser,
  newPerson,
  openFixture,
  openNewAccount,
  signInWithoutForm
} from './fixture.ts'
import { problemsOf } from './fixtures/accessibility.ts'

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor()
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

describe.skipIf(!hasBrowser || !inject('docker'))('sign-in with other services, in the pages', () => {
  let fixture: Fixture
  let company: MockProvider
  let posting: MockProvider
  let baseURL: string

  beforeAll(async () => {
    const port = await findLastingPort()
    baseURL = `http://localhost:${port}`
    fixture = await openFixture({ env: { PAGES_URL: baseURL } })
    await untilReady(await fixture.trio.startBff({ PORT: String(port), PUBLIC_URL: baseURL }))
    company = await startMockProvider()
    const { auth } = fixture.trio
    const token = (await signIn(auth.url, admin(fixture.trio))).access_token
    posting = await startMockProvider()
    for (const provider of [
      { id: 'company', kind: 'oidc', name: 'The company', issuer: company.issuer },
      {
        id: 'posting',
        kind: 'apple',
        name: 'Posting',
        issuer: posting.issuer,
        apple_key: { team_id: 'TEAM123456', key_id: 'KEY1234567', private_key: newKey() }
      }
    ]) {
      const body = { client_id: 'our-client', ...provider }
      const created = await post(`${auth.url}/admin/providers`, body, token)
      expect(created.status, JSON.stringify(created.body)).toBe(201)
    }
  })
  afterAll(async () => {
    await fixture?.close()
    await company?.stop()
    await posting?.stop()
  })

  /** What both say of the user who signs in there. */
  function claim(claims: MockProvider['claims']): void {
    Object.assign(company, { claims })
    Object.assign(posting, { claims })
  }

  function newKey(): string {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  }
  const visit = (options: Parameters<Fixture['visit']>[0] = {}) =>
    fixture.visit({ baseURL, locale: 'en-GB', ...options })
  async function look(page: Page): Promise<void> {
    expect(await problemsOf(page)).toEqual([])
  }

  test('signs in a new user, and again, by keyboard; the page that was asked for comes after it', async () => {
    claim({ sub: randomUUID(), preferred_username: `ada-${randomUUID().slice(0, 8)}` })
    const { page } = await visit()
    await page.goto('/')
    await heading(page, 'Sign in')
    await button(page, 'Continue with The company').waitFor()
    await look(page)
    await button(page, 'Continue with The company').focus()
    await page.keyboard.press('Enter')
    await heading(page, 'Your account')
    await page.getByText(String(company.claims.preferred_username)).last().waitFor()
    await page.getByText('The company', { exact: true }).waitFor()
    await look(page)
    // The last way in stays.
    await button(page, 'Unlink The company').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
    await page.getByText('This is the last way to sign in to your account.').waitFor()
    const other = await visit()
    await other.page.goto('/register')
    await button(other.page, 'Continue with The company').click()
    await heading(other.page, 'Your account')
  })

  test('signs in again above a page whose session has ended, and on the page that a mail leads to', async () => {
    const name = `grace-${randomUUID().slice(0, 8)}`
    claim({ sub: randomUUID(), preferred_username: name })
    const { page } = await visit()
    await page.goto('/sign-in')
    await button(page, 'Continue with The company').click()
    await heading(page, 'Your account')
    // A page with nothing typed in it would just be left.
    await button(page, 'Change username').click()
    await page.getByRole('textbox', { name: 'New username' }).fill('typed')
    const userId = await page.evaluate(async () => (await (await fetch('/bff/session')).json()).user_id)
    const { auth } = fixture.trio
    const { access_token: token } = await signIn(auth.url, admin(fixture.trio))
    const headers = { Authorization: `Bearer ${token}` }
    expect((await send(`${auth.url}/admin/users/${userId}/sessions`, { method: 'DELETE', headers })).status).toBe(204)
    const again = page.getByRole('dialog', { name: 'Your session has ended' })
    // The bff-service hears of it a moment later.
    const looksAgain = async () => {
      await page.evaluate(() => window.dispatchEvent(new Event('focus')))
      return again.isVisible()
    }
    await expect.poll(looksAgain, { timeout: 20_000, interval: 500 }).toBe(true)
    await look(page)
    await button(page, 'Continue with The company').click()
    await heading(page, 'Your account')

    const other = (await visit()).page
    await other.goto('/verify-email#a-secret')
    await look(other)
    await button(other, 'Continue with The company').click()
    await other.getByText(`You are signed in as ${name}.`).waitFor()
    expect(new URL(other.url()).hash).toBe('')
    const sent = other.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/confirm'))
    await button(other, 'Confirm the address').click()
    expect((await sent).postDataJSON()).toEqual({ secret: 'a-secret' })
    expect(await other.evaluate(() => sessionStorage.length)).toBe(0)
  })

  test('a provider that posts its response signs in, too', async () => {
    claim({ sub: randomUUID() })
    const { page } = await visit()
    await page.goto('/sign-in')
    await button(page, 'Continue with Posting').click()
    await heading(page, 'Your account')
    expect(posting.authorizations.at(-1)?.get('asked_mode')).toBe('form_post')
  })

  test('links and unlinks an identity in the account', async () => {
    claim({ sub: randomUUID(), email: 'ada@there.example' })
    const person = newPerson()
    const { page } = await visit()
    await openNewAccount(page, person)
    await page.getByText('None is linked.').waitFor()
    await button(page, 'Link The company').click()
    await page.getByText('The identity is linked.').waitFor()
    await page.getByText('ada@there.example').waitFor()
    await look(page)
    const other = await visit()
    await other.page.goto('/sign-in')
    await button(other.page, 'Continue with The company').click()
    await heading(other.page, 'Your account')
    await other.page.getByText(person.username).last().waitFor()
    await button(page, 'Unlink The company').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
    await page.getByText('The company is unlinked.').waitFor()
    await page.getByText('None is linked.').waitFor()
  })

  test('an admin sees how a user signs in, and unlinks an identity', async () => {
    claim({ sub: randomUUID(), preferred_username: `mary-${randomUUID().slice(0, 8)}` })
    const user = await visit()
    await user.page.goto('/sign-in')
    await button(user.page, 'Continue with The company').click()
    await heading(user.page, 'Your account')
    const userId = await user.page.evaluate(async () => (await (await fetch('/bff/session')).json()).user_id)
    const { page } = await visit()
    await signInWithoutForm(page, admin(fixture.trio))
    await page.goto(`/admin/users/${userId}`)
    await page.getByRole('heading', { name: 'How the user signs in' }).waitFor()
    await button(page, 'Unlink The company').click()
    const dialog = page.getByRole('dialog', { name: `Unlink The company from ${company.claims.preferred_username}?` })
    await dialog.getByRole('button', { name: 'Unlink' }).click()
    // The last way in stays.
    await dialog.getByText('The user has no other password, passkey or linked service.').waitFor()
    await look(page)
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await query(
      fixture.database.url,
      `INSERT INTO identities (issuer, subject, id, user_id, provider_id) VALUES ('https://posting.example', $2, gen_random_uuid(), $1, 'posting')`,
      [userId, randomUUID()]
    )
    await button(page, 'Unlink The company').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
    await page.getByText('The company is unlinked.').waitFor()
    await expect.poll(() => button(page, 'Unlink The company').count()).toBe(0)
    await button(page, 'Unlink Posting').waitFor()
    await look(page)
  })

  test('says why it was refused, in the language of the page', async () => {
    const email = `${randomUUID()}@example.com`
    const person = await createAccount(fixture.trio.auth.url, { ...newPerson(), email })
    await query(fixture.database.url, 'UPDATE users SET email_key = $1, email_verified_at = now() WHERE email = $1', [
      email
    ])
    claim({ sub: randomUUID(), email, email_verified: true })
    const { page } = await visit({ locale: 'de-DE' })
    await page.goto('/sign-in')
    await button(page, 'Weiter mit The company').click()
    await page.getByText('Es gibt schon ein Konto mit dieser E-Mail-Adresse.').waitFor()
    await look(page)
    await page.getByRole('textbox', { name: 'Benutzername' }).fill(person.username)
    await page.getByLabel('Passwort', { exact: true }).fill(person.password)
    await button(page, 'Anmelden').click()
    await heading(page, 'Ihr Konto')
    await button(page, 'The company verknüpfen').click()
    await page.getByText('Die Identität ist verknüpft.').waitFor()
  })

  test('asks for the second factor after it', async () => {
    claim({ sub: randomUUID() })
    const { page } = await visit()
    await page.goto('/sign-in')
    await button(page, 'Continue with The company').click()
    await heading(page, 'Your account')
    await query(
      fixture.database.url,
      "INSERT INTO totp_factors (user_id, sealed_seed, last_step) SELECT user_id, '\\x00', 0 FROM identities WHERE subject = $1",
      [company.claims.sub]
    )
    const other = await visit()
    await other.page.goto('/sign-in')
    await button(other.page, 'Continue with The company').click()
    await other.page.getByText('Your account has a second factor.').waitFor()
    await look(other.page)
    await other.page.goto('/')
    await heading(other.page, 'Sign in')
  })

  test('a user without a password confirms a change with the service, and with the second factor if there is one', async () => {
    const sub = randomUUID()
    const hourAgo = Math.floor(Date.now() / 1000) - 3600
    claim({ sub, auth_time: hourAgo })
    const { page } = await visit()
    await page.goto('/sign-in')
    await button(page, 'Continue with The company').click()
    await heading(page, 'Your account')
    const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' })
    const confirm = dialog.getByRole('button', { name: 'Continue with The company' })
    await button(page, 'Link Posting').click()
    await confirm.waitFor()
    await look(page)
    // It lets the browser pass without a question, though it was asked for one.
    await confirm.click()
    await dialog.getByText('The other service did not ask you to sign in there').waitFor()
    await look(page)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await expect.poll(() => page.url()).toBe(`${baseURL}/`)
    const sessionOf = () => page.evaluate(async () => (await (await fetch('/bff/session')).json()).session_id)
    const former = await sessionOf()
    claim({ sub })
    await button(page, 'Link Posting').click()
    await confirm.focus()
    const finished = page.waitForResponse((response) => response.url().endsWith('/bff/providers/company/finish'))
    await page.keyboard.press('Enter')
    await finished
    await heading(page, 'Your account')
    expect(await sessionOf()).not.toBe(former)
    await button(page, 'Link Posting').click()
    await page.getByText('This identity is linked').or(page.getByText('The identity is linked.')).first().waitFor()

    claim({ sub, auth_time: hourAgo })
    const { page: other } = await visit()
    await other.goto('/sign-in')
    await button(other, 'Continue with The company').click()
    await heading(other, 'Your account')
    await query(
      fixture.database.url,
      "INSERT INTO totp_factors (user_id, sealed_seed, last_step) SELECT user_id, '\\x00', 0 FROM identities WHERE subject = $1 AND provider_id = 'company'",
      [sub]
    )
    claim({ sub })
    await button(other, 'Link Posting').click()
    await other.getByRole('dialog').getByRole('button', { name: 'Continue with The company' }).click()
    await other.getByRole('dialog').getByText('Your account has a second factor.').waitFor()
    await look(other)
  })

  test('where no script runs, a button leads on', async () => {
    const { page } = await visit({ javaScriptEnabled: false })
    await page.goto('/bff/providers/company/callback?code=x&state=y')
    await heading(page, 'Signing in')
    await button(page, 'Continue').click()
    await expect.poll(() => page.url()).toBe(`${baseURL}/sign-in?problem=invalid_transaction`)
  })

  test('an admin sets a service up, changes it, disables it and deletes it', async () => {
    const { page } = await visit()
    await signInWithoutForm(page, admin(fixture.trio))
    await page.goto('/admin/users')
    await page.getByRole('link', { name: 'Sign-in with others' }).click()
    await heading(page, 'Sign-in with others')
    await button(page, 'Set up a service').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('combobox', { name: 'Service' }).selectOption('oidc')
    await dialog.getByRole('textbox', { name: 'Id (optional)' }).fill('partner')
    await dialog.getByRole('textbox', { name: 'Client id' }).fill('our-client')
    await button(page, 'Set it up').click()
    await dialog.getByText('Use 1 to 64 characters.').waitFor()
    await look(page)
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Partner')
    await dialog.getByRole('textbox', { name: 'Issuer' }).fill('https://partner.example.com')
    await button(page, 'Set it up').click()
    await page.getByText('Users can sign in with Partner now.').waitFor()
    await page.getByText(`${baseURL}/bff/providers/partner/callback`).waitFor()
    await look(page)
    await button(page, 'Change Partner').click()
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Partner Ltd')
    await button(page, 'Save').click()
    await page.getByText('Partner Ltd is saved.').waitFor()
    await button(page, 'Disable Partner Ltd').click()
    await page.getByText('Nobody signs in with Partner Ltd now.').waitFor()
    await button(page, 'Delete Partner Ltd').click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Partner Ltd is deleted.').waitFor()
    // One with which users sign in only on purpose.
    await button(page, 'Delete The company').click()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByText('Users sign in with this provider.').waitFor()
    await button(page, 'Cancel').click()
  })

  test('the pages have reported no error and no policy violation', () => {
    expect(fixture.complaints).toEqual([])
  })
})
