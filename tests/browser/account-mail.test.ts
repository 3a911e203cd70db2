import { findLastingPort } from '@countersign/testing'
import { get, query, send, untilReady } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  type MailServer,
  mailPassword,
  mailUser,
  type ReceivedMail,
  secretsOf,
  startMailServer
} from '../integration/fixtures/mail-server.ts'
import {
  admin,
  createAccount,
  type Fixture,
  follow,
  hasBrowser,
  newPerson,
  openAccountOf,
  openFixture,
  openNewAccount,
  type Person,
  signInWithoutForm,
  type Visitor
} from './fixture.ts'
import { problemsOf, show, ways } from './fixtures/accessibility.ts'

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor()
const button = (page: Page, name: string) => page.getByRole('button', { name })

describe.skipIf(!hasBrowser || !inject('docker'))('accounts and their mail, in the pages', () => {
  let fixture: Fixture
  let mailServer: MailServer
  let baseURL: string

  beforeAll(async () => {
    mailServer = await startMailServer()
    const port = await findLastingPort()
    baseURL = `http://localhost:${port}`
    fixture = await openFixture({
      env: {
        SMTP_URL: `smtp://${mailUser}:${encodeURIComponent(mailPassword)}@localhost:${mailServer.port}`,
        MAIL_FROM: 'no-reply@example.com',
        PAGES_URL: baseURL
      }
    })
    await untilReady(await fixture.trio.startBff({ PORT: String(port), PUBLIC_URL: baseURL }))
  })
  afterAll(async () => {
    await fixture?.close()
    await mailServer?.stop()
  })

  interface Account extends Person {
    readonly email: string
  }
  const newAccount = (): Account => {
    const person = newPerson()
    return { ...person, email: `${person.username}@example.com` }
  }
  const visit = (options: Parameters<Fixture['visit']>[0] = {}): Promise<Visitor> =>
    fixture.visit({ baseURL, locale: 'en-GB', ...options })
  const isOf = (subject: RegExp) => (mail: ReceivedMail) => subject.test(mail.content.subject ?? '')

  async function registerWithAddress(page: Page, { username, password, email }: Account): Promise<void> {
    await page.goto('/register')
    await page.getByRole('textbox', { name: 'Username' }).fill(username)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('textbox', { name: 'E-mail (optional)' }).fill(email)
    await button(page, 'Create account').click()
    await heading(page, 'Your account')
  }

  async function askToConfirm(page: Page): Promise<void> {
    await button(page, 'Send a mail').click()
    await page.getByText('A mail is on its way to').waitFor()
  }

  async function expectConfirmed(page: Page, { email }: Account): Promise<void> {
    await page.goto('/')
    await page.getByText(`${email} (confirmed)`).waitFor()
    expect(await button(page, 'Send a mail').count()).toBe(0)
  }

  /** An account with a confirmed address, made without the pages. */
  async function confirmedAccount(): Promise<Account> {
    const account = newAccount()
    const { username, password, email } = account
    await createAccount(fixture.trio.auth.url, { username, password, email })
    await query(
      fixture.database.url,
      'UPDATE users SET email_verified_at = now(), email_key = $2 WHERE username = $1',
      [username, email.toLowerCase()]
    )
    return account
  }

  async function askForReset(page: Page, name: string): Promise<void> {
    await page.goto('/sign-in')
    await page.getByRole('link', { name: 'Forgot your password?' }).click()
    await sendReset(page, name)
  }
  async function sendReset(page: Page, name: string): Promise<void> {
    await page.getByRole('textbox', { name: 'E-mail address or username' }).fill(name)
    await button(page, 'Send the mail').click()
    await heading(page, 'Check your mail')
  }

  test('an address is confirmed by the code of the mail, in the account', async () => {
    const account = newAccount()
    const { page } = await visit()
    await registerWithAddress(page, account)
    await askToConfirm(page)
    const { code } = secretsOf(await mailServer.mailTo(account.email))
    const field = page.getByRole('textbox', { name: 'Code' })
    await field.fill('1234')
    await button(page, 'Confirm the address').click()
    await page.getByText('Enter the 8 digits of the code in the mail.').waitFor()
    await field.fill(code === '00000000' ? '00000001' : '00000000')
    await button(page, 'Confirm the address').click()
    await page.getByText('This code is not valid').waitFor()
    await field.fill(`${code.slice(0, 4)} ${code.slice(4)}`)
    await button(page, 'Confirm the address').click()
    await page.getByText('Your e-mail address is confirmed.').waitFor()
    await expectConfirmed(page, account)
  })

  test('an address is confirmed by the link, in another browser after a sign-in; its secret leaves the address bar', async () => {
    const account = newAccount()
    const { page } = await visit()
    await openNewAccount(page, account)
    await askToConfirm(page)
    const { link } = secretsOf(await mailServer.mailTo(account.email))
    expect(link).toMatch(new RegExp(`^${baseURL}/verify-email#`))

    // A scanner that opens the link, and runs its scripts.
    for (const method of ['GET', 'HEAD']) expect((await send(link, { method })).status).toBe(200)
    const scanner = await visit()
    await scanner.page.goto(link)
    await heading(scanner.page, 'Confirm your e-mail address')

    const other = await visit()
    const requested: string[] = []
    other.page.on('request', (request) => requested.push(request.url() + (request.headers().referer ?? '')))
    await other.page.goto(link)
    await other.page.getByText('Sign in to the account that the mail is about.').waitFor()
    expect(other.page.url()).toBe(`${baseURL}/verify-email`)
    await other.page.getByRole('textbox', { name: 'Username' }).fill(account.username)
    await other.page.getByLabel('Password', { exact: true }).fill(account.password)
    await button(other.page, 'Sign in').click()
    await other.page.getByText(`You are signed in as ${account.username}.`).waitFor()
    await button(other.page, 'Confirm the address').click()
    await other.page.getByText('Your e-mail address is confirmed.').waitFor()
    expect(requested.length).toBeGreaterThan(5)
    expect(requested.filter((url) => url.includes(link.split('#')[1] as string))).toEqual([])
    await expectConfirmed(other.page, account)
    await other.page.goto(link)
    await button(other.page, 'Confirm the address').click()
    await other.page.getByText('This link is not valid').waitFor()
    await other.page.reload()
    await other.page.getByText('Open that link again, with all that is in it.').waitFor()
  })

  test('a forgotten password is reset by the link: all sessions end, and a mail says so', async () => {
    const account = await confirmedAccount()
    const signedIn = await visit()
    await openAccountOf(signedIn.page, account)
    const { page } = await visit()
    await askForReset(page, account.email)
    const { link } = secretsOf(await mailServer.mailTo(account.email, isOf(/Reset your password/)))
    const newPassword = newPerson().password
    const reset = await visit()
    await reset.page.goto(link)
    await heading(reset.page, 'Set a new password')
    await expect.poll(() => reset.page.url()).toBe(`${baseURL}/reset-password`)
    const field = reset.page.getByLabel('New password', { exact: true })
    await field.fill('short')
    await button(reset.page, 'Set the new password').click()
    await reset.page.getByText('Use at least 8 characters.').waitFor()
    await field.fill(newPassword)
    await button(reset.page, 'Set the new password').click()
    await reset.page.getByText('Your new password is set. Sign in with it.').waitFor()

    await signedIn.page.reload()
    await heading(signedIn.page, 'Sign in')
    await signInWithoutForm(reset.page, { ...account, password: newPassword })
    await mailServer.mailTo(account.email, isOf(/Your password was changed/))
    const again = await visit()
    await again.page.goto(link)
    await again.page.getByLabel('New password', { exact: true }).fill(newPassword)
    await button(again.page, 'Set the new password').click()
    await again.page.getByText('This link is not valid').waitFor()
  })

  test('a forgotten password is reset by the code, in the language of the page; an unknown name looks the same', async () => {
    const account = await confirmedAccount()
    const { page } = await visit({ locale: 'de-DE' })
    const ask = async (page: Page, name: string) => {
      await page.goto('/sign-in')
      await page.getByRole('link', { name: 'Passwort vergessen?' }).click()
      await page.getByRole('textbox', { name: 'E-Mail-Adresse oder Benutzername' }).fill(name)
      await button(page, 'E-Mail senden').click()
      await heading(page, 'Sehen Sie in Ihre E-Mails')
      return (await page.locator('main').innerText()).trim()
    }
    const known = await ask(page, account.username)
    expect(known).toContain('Beide gelten 10 Minuten.')
    expect(await problemsOf(page)).toEqual([])
    const mail = await mailServer.mailTo(account.email)
    expect(mail.content.subject).toMatch(/Passwort/)
    const newPassword = newPerson().password
    await page.getByRole('textbox', { name: 'Code' }).fill(secretsOf(mail).code)
    await page.getByLabel('Neues Passwort', { exact: true }).fill(newPassword)
    await button(page, 'Neues Passwort setzen').click()
    await page.getByText('Ihr neues Passwort ist gesetzt. Melden Sie sich damit an.').waitFor()
    await page.getByRole('textbox', { name: 'Benutzername' }).fill(account.username)
    await page.getByLabel('Passwort', { exact: true }).fill(newPassword)
    await button(page, 'Anmelden').click()
    await heading(page, 'Ihr Konto')

    // A choice on the page goes before what the browser asks for, in the mail as well.
    const other = await visit({ locale: 'de-DE' })
    expect(await ask(other.page, 'nobody@example.com')).toBe(known)
    const another = await confirmedAccount()
    await other.page.getByRole('contentinfo').getByRole('combobox').selectOption({ label: 'English' })
    await askForReset(other.page, another.username)
    expect((await mailServer.mailTo(another.email)).content.subject).toMatch(/Reset your password/)
  })

  test('an address is changed by the code, and the former one restored by its link, with a new password', async () => {
    const account = await confirmedAccount()
    const { page } = await visit()
    await openAccountOf(page, account)
    const email = `new-${account.email}`
    const section = page.getByRole('region', { name: 'Change e-mail address' })
    const change = async (address: string) => {
      await section.getByLabel('New e-mail address').fill(address)
      await section.getByRole('button', { name: 'Change the address' }).click()
    }
    await change(account.email)
    await section.getByText('This is your address already.').waitFor()
    await change(email)
    await section.getByText(`A mail is on its way to ${email}.`).waitFor()
    await section.getByLabel('Code').fill(secretsOf(await mailServer.mailTo(email)).code)
    await section.getByRole('button', { name: 'Confirm the address' }).click()
    await section.getByText('Your e-mail address is changed.').waitFor()
    await page.getByText(`${email} (confirmed)`).waitFor()

    const { link } = secretsOf(await mailServer.mailTo(account.email, isOf(/address was changed/)))
    const owner = await visit()
    await owner.page.goto(link)
    await heading(owner.page, 'Restore your e-mail address')
    const newPassword = newPerson().password
    await owner.page.getByLabel('New password', { exact: true }).fill(newPassword)
    await button(owner.page, 'Set the new password').click()
    await owner.page.getByText('Your new password is set. Sign in with it.').waitFor()
    await page.reload()
    await heading(page, 'Sign in')
    await signInWithoutForm(owner.page, { ...account, password: newPassword })
    await expectConfirmed(owner.page, account)
  })

  test('an address is changed by the link, in another browser after a sign-in', async () => {
    const account = await confirmedAccount()
    const { page } = await visit()
    await openAccountOf(page, account)
    const email = `new-${account.email}`
    await page.getByLabel('New e-mail address').fill(email)
    await button(page, 'Change the address').click()
    const { link } = secretsOf(await mailServer.mailTo(email))
    const other = await visit()
    await other.page.goto(link)
    await other.page.getByRole('textbox', { name: 'Username' }).fill(account.username)
    await other.page.getByLabel('Password', { exact: true }).fill(account.password)
    await button(other.page, 'Sign in').click()
    await button(other.page, 'Confirm the address').click()
    await other.page.getByText('Your e-mail address is confirmed.').waitFor()
    await expectConfirmed(other.page, { ...account, email })
  })

  test('an account is deleted, and a sign-in before it is gone keeps it', async () => {
    const account = await confirmedAccount()
    const { page } = await visit()
    await openAccountOf(page, account)
    await button(page, 'Delete account').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Delete account' }).click()
    await page.getByText('You are signed out everywhere. Your account will be deleted on').waitFor()
    expect((await page.request.get('/bff/session')).status()).toBe(401)
    await mailServer.mailTo(account.email, isOf(/going to be deleted/))
    await page.getByRole('link', { name: 'To the sign-in' }).click()
    await heading(page, 'Sign in')
    await signInWithoutForm(page, account)
    await mailServer.mailTo(account.email, isOf(/Your account stays/))
  })

  test('an installation without mail offers none of it', async () => {
    const { page } = await fixture.visit({ baseURL: fixture.url })
    const issuer = await fixture.trio.startAuth({ SMTP_URL: '', MAIL_FROM: '', PAGES_URL: '' })
    const port = await findLastingPort()
    const without = `http://localhost:${port}`
    await untilReady(await fixture.trio.startBff({ PORT: String(port), PUBLIC_URL: without, AUTH_URL: issuer.url }))
    expect((await get(`${issuer.url}/auth/register`)).body).toEqual({
      registration: 'open',
      mail: false,
      mail_sign_in: false,
      passkeys: false
    })
    await page.goto(`${without}/sign-in`)
    await page.getByRole('link', { name: 'Create an account' }).waitFor()
    expect(await page.getByRole('link', { name: 'Forgot your password?' }).count()).toBe(0)
    await follow(page, '/forgot-password')
    await page.getByText('This installation sends no mail.').waitFor()
  })

  test('the pages can be used by everybody, in light, in dark and on a small screen', {
    timeout: 180_000
  }, async () => {
    const account = await confirmedAccount()
    const { page } = await visit()
    const look = async (name: string) => {
      if (process.env.SCREENSHOTS_TO) {
        for (const way of ways) {
          await show(page, way)
          await page.screenshot({ path: `${process.env.SCREENSHOTS_TO}/${name}-${way.name}.png`, fullPage: true })
        }
      }
      expect(await problemsOf(page), name).toEqual([])
    }
    await page.goto('/forgot-password')
    await heading(page, 'Reset your password')
    await look('forgot')
    await sendReset(page, account.username)
    await look('asked')
    await follow(page, '/reset-password#secret')
    await heading(page, 'Set a new password')
    await page.getByLabel('New password', { exact: true }).waitFor()
    await look('reset')
    await follow(page, '/undo-email#secret')
    await heading(page, 'Restore your e-mail address')
    await look('undo')
    await follow(page, '/verify-email#secret')
    await page.getByText('Sign in to the account that the mail is about.').waitFor()
    await look('verify-sign-in')
    await openNewAccount(page, newAccount())
    await askToConfirm(page)
    await look('account')
    await follow(page, '/verify-email#secret')
    await heading(page, 'Confirm your e-mail address')
    await button(page, 'Confirm the address').click()
    await page.getByText('This link is not valid').waitFor()
    await look('verify')
    await follow(page, '/')
    await button(page, 'Delete account').click()
    await page.getByRole('dialog').getByText('All your sessions end').waitFor()
    await look('delete')
    await page.keyboard.press('Escape')
    await button(page, 'Change username').click()
    await page.getByRole('dialog').getByLabel('New username').waitFor()
    await look('username')
    await page.keyboard.press('Escape')
    await button(page, 'Delete account').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete account' }).click()
    await page.getByText('You are signed out everywhere.').waitFor()
    await look('deleted')
  })

  const look = async (page: Page, name: string) => {
    if (process.env.SCREENSHOTS_TO) {
      for (const way of ways) {
        await show(page, way)
        await page.screenshot({ path: `${process.env.SCREENSHOTS_TO}/${name}-${way.name}.png`, fullPage: true })
      }
    }
    expect(await problemsOf(page), name).toEqual([])
  }

  test('an invitation: from an admin to the first sign-in, in German', async () => {
    const { email, username, password } = newAccount()
    const { page } = await visit()
    await signInWithoutForm(page, admin(fixture.trio))
    await page.goto('/admin/users')
    await page.getByRole('link', { name: 'Invitations', exact: true }).click()
    await heading(page, 'Invitations')
    await button(page, 'Invite a user').click()
    await page.getByRole('dialog').getByRole('textbox', { name: 'E-mail' }).fill('nobody')
    await button(page, 'Send the invitation').click()
    await page.getByText('Enter an address that mail can be sent to').waitFor()
    await page.getByRole('dialog').getByRole('textbox', { name: 'E-mail' }).fill(email)
    await page.getByRole('dialog').getByRole('textbox', { name: 'Username (optional)' }).fill(username)
    await page.getByRole('dialog').getByRole('combobox', { name: 'Language' }).selectOption('de')
    await look(page, 'invite')
    await button(page, 'Send the invitation').click()
    await page.getByText(`A mail is on its way to ${email}.`).waitFor()
    const first = await mailServer.mailTo(email)
    await button(page, `Send again to ${email}`).click()
    await page.getByText(`Another mail is on its way to ${email}.`).waitFor()
    await look(page, 'invitations')
    const second = await mailServer.mailTo(email, (mail) => mail !== first)
    expect(second.content.subject).toMatch(/Sie sind eingeladen/)

    const invited = await visit({ locale: 'de-DE' })
    await invited.page.goto(secretsOf(first).link)
    await invited.page.getByText('Dieser Link gilt nicht').waitFor()
    await look(invited.page, 'invitation-replaced')
    const { link, secret } = secretsOf(second)
    // A scanner that opens the link, and runs its scripts.
    for (const method of ['GET', 'HEAD']) expect((await send(link, { method })).status).toBe(200)
    const scanner = await visit()
    await scanner.page.goto(link)
    await scanner.page.getByText(`You create an account for ${email}.`).waitFor()
    await invited.page.goto(link)
    await invited.page.getByText(`Sie legen ein Konto für ${email} an.`).waitFor()
    await expect.poll(() => invited.page.url()).toBe(`${baseURL}/accept-invitation`)
    await look(invited.page, 'invitation')
    const field = invited.page.getByRole('textbox', { name: 'Benutzername' })
    expect(await field.inputValue()).toBe(username)
    await field.fill('admin')
    await invited.page.getByLabel('Passwort', { exact: true }).fill(password)
    await button(invited.page, 'Konto anlegen').click()
    await invited.page.getByText('Dieser Benutzername ist vergeben.').waitFor()
    await field.fill(username)
    await button(invited.page, 'Konto anlegen').click()
    await invited.page.getByText('Ihr Konto ist angelegt.').waitFor()
    await invited.page.getByRole('textbox', { name: 'Benutzername' }).fill(email)
    await invited.page.getByLabel('Passwort', { exact: true }).fill(password)
    await button(invited.page, 'Anmelden').click()
    await heading(invited.page, 'Ihr Konto')
    await invited.page.getByText(`${email} (bestätigt)`).waitFor()
    expect(await invited.page.content()).not.toContain(secret)
  })

  test('an invitation is withdrawn; somebody who is signed in accepts one beside the own account', async () => {
    const [withdrawn, other] = [newAccount(), newAccount()]
    const { page } = await visit()
    await signInWithoutForm(page, admin(fixture.trio))
    await page.goto('/admin/invitations')
    for (const { email } of [withdrawn, other]) {
      await button(page, 'Invite a user').click()
      await page.getByRole('dialog').getByRole('textbox', { name: 'E-mail' }).fill(email)
      await button(page, 'Send the invitation').click()
      await page.getByText(`A mail is on its way to ${email}.`).waitFor()
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    const links = await Promise.all(
      [withdrawn, other].map(async ({ email }) => (await mailServer.mailTo(email)).content)
    )
    await button(page, `Withdraw the invitation of ${withdrawn.email}`).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click()
    await page.getByText(`The invitation of ${withdrawn.email} is withdrawn.`).waitFor()
    const linkOf = (at: number) => /https?:\/\/\S+/.exec(links[at]?.text ?? '')?.[0] ?? ''
    await page.goto(linkOf(0))
    await page.getByText('This link is not valid').waitFor()
    await page.goto(linkOf(1))
    await page.getByText('You are signed in as admin here.').waitFor()
    await look(page, 'invitation-beside')
    await page.getByRole('textbox', { name: 'Username' }).fill(other.username)
    await page.getByLabel('Password', { exact: true }).fill(other.password)
    await button(page, 'Create account').click()
    await page.getByText(`The account ${other.username} is created. Sign out as admin to use it.`).waitFor()
    await look(page, 'invitation-done')
  })

  test('the pages complain of nothing', () => {
    expect(fixture.complaints).toEqual([])
  })
})
