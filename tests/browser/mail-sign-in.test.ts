import { findLastingPort } from '@countersign/testing'
import { post, query, send, signIn, untilReady } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  type MailServer,
  mailPassword,
  mailUser,
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
  openFixture,
  type Person,
  type Visitor
} from './fixture.ts'
import { problemsOf, show, ways } from './fixtures/accessibility.ts'
import { type SinglePageApp, serveSinglePageApp } from './fixtures/single-page-app.ts'

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor()
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

describe.skipIf(!hasBrowser || !inject('docker'))('sign-in by mail, in the pages', () => {
  let fixture: Fixture
  let mailServer: MailServer
  let baseURL: string
  let issuer: string
  let spa: SinglePageApp

  beforeAll(async () => {
    mailServer = await startMailServer()
    spa = await serveSinglePageApp(await findLastingPort())
    const [port, issuerPort] = [await findLastingPort(), await findLastingPort()]
    baseURL = `http://localhost:${port}`
    issuer = `http://localhost:${issuerPort}`
    fixture = await openFixture({
      env: {
        ISSUER: issuer,
        SMTP_URL: `smtp://${mailUser}:${encodeURIComponent(mailPassword)}@localhost:${mailServer.port}`,
        MAIL_FROM: 'no-reply@example.com',
        MAIL_SIGN_IN: 'on',
        PAGES_URL: baseURL
      }
    })
    await untilReady(await fixture.trio.startAuth({ PORT: String(issuerPort) }))
    await untilReady(await fixture.trio.startBff({ PORT: String(port), PUBLIC_URL: baseURL }))
  })
  afterAll(async () => {
    await fixture?.close()
    await spa?.stop()
    await mailServer?.stop()
  })

  const visit = (options: Parameters<Fixture['visit']>[0] = {}): Promise<Visitor> =>
    fixture.visit({ baseURL, locale: 'en-GB', ...options })

  /** An account with a confirmed address, made without the pages. */
  async function confirmedAccount(): Promise<Person & { email: string }> {
    const person = newPerson()
    const email = `${person.username}@example.com`
    const { username, password } = person
    await createAccount(fixture.trio.auth.url, { username, password, email })
    await query(
      fixture.database.url,
      'UPDATE users SET email_verified_at = now(), email_key = $2 WHERE username = $1',
      [username, email]
    )
    return { ...person, email }
  }

  async function ask(page: Page, name: string): Promise<void> {
    await button(page, 'E-mail me a code').click()
    await page.getByRole('textbox', { name: 'E-mail address or username' }).fill(name)
    await button(page, 'Send the mail').click()
    await page.getByText('a mail is on its way.').waitFor()
  }

  test('by the code, with the keyboard alone; a wrong code says so, and an unknown name does not', async () => {
    const account = await confirmedAccount()
    const { page } = await visit()
    await page.goto('/sign-in')
    await page.getByRole('textbox', { name: 'Username' }).fill('nobody')
    await button(page, 'E-mail me a code').press('Enter')
    const name = page.getByRole('textbox', { name: 'E-mail address or username' })
    await expect.poll(() => name.evaluate((field) => field === document.activeElement)).toBe(true)
    expect(await name.inputValue()).toBe('nobody')
    await page.keyboard.press('Enter')
    await page.getByText('a mail is on its way.').waitFor()
    await button(page, 'Ask for another mail').press('Enter')
    await name.fill(account.email)
    await page.keyboard.press('Enter')
    const { code } = secretsOf(await mailServer.mailTo(account.email))
    const field = page.getByRole('textbox', { name: 'Code' })
    await expect.poll(() => field.evaluate((one) => one === document.activeElement)).toBe(true)
    await page.keyboard.type(code === '00000000' ? '00000001' : '00000000')
    await page.keyboard.press('Enter')
    await page.getByText('This code is not valid').waitFor()
    await field.fill(`${code.slice(0, 4)} ${code.slice(4)}`)
    await page.keyboard.press('Enter')
    await heading(page, 'Your account')
    expect((await page.context().cookies()).map(({ name }) => name).join(' ')).not.toContain('mail-flow')
  })

  test('by the link, in the browser that asked alone, and by a click; the window that asked goes on by itself', async () => {
    const account = await confirmedAccount()
    const asking = await visit()
    await asking.page.goto('/sign-in')
    await ask(asking.page, account.username)
    const { link } = secretsOf(await mailServer.mailTo(account.email))
    expect(link).toMatch(new RegExp(`^${baseURL}/sign-in/mail#`))
    for (const method of ['GET', 'HEAD']) expect((await send(link, { method })).status).toBe(200)

    // A scanner that runs scripts, and clicks; and somebody who was sent the mail of another sign-in.
    const other = (await visit()).page
    await other.goto(link)
    await button(other, 'Sign in').click()
    await other.getByText('This link works only in the browser that requested it.').waitFor()
    await other.goto('/sign-in')
    await ask(other, 'nobody')
    await other.goto(link)
    await button(other, 'Sign in').click()
    await other.getByText('This link is not valid here').waitFor()
    expect((await other.request.get('/bff/session')).status()).toBe(401)

    const opened = await asking.context.newPage()
    await opened.goto(link)
    await button(opened, 'Sign in').waitFor()
    expect(opened.url()).toBe(`${baseURL}/sign-in/mail`)
    expect((await opened.request.get('/bff/session')).status()).toBe(401)
    await button(opened, 'Sign in').click()
    await opened.getByText(`You are signed in as ${account.username}.`).waitFor()
    await heading(asking.page, 'Your account')
  })

  test('no script sees the flow', async () => {
    const { page, context } = await visit()
    await page.goto('/sign-in')
    const response = page.waitForResponse('**/bff/session/mail')
    await ask(page, 'nobody')
    expect(await (await response).json()).toEqual({ expires_in: 600 })
    const cookie = (await context.cookies()).find(({ name }) => name.includes('mail-flow'))
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', value: expect.stringMatching(/^[\w-]{43}$/) })
  })

  test.each(['code', 'link'] as const)('asks for the second factor after the %s', async (kind) => {
    const account = await confirmedAccount()
    await query(
      fixture.database.url,
      `INSERT INTO totp_factors (user_id, sealed_seed, last_step) SELECT id, '', 0 FROM users WHERE username = $1`,
      [account.username]
    )
    const { page, context } = await visit()
    await page.goto('/sign-in')
    await ask(page, account.username)
    const { code, link } = secretsOf(await mailServer.mailTo(account.email))
    if (kind === 'code') {
      await page.getByRole('textbox', { name: 'Code' }).fill(code)
      await button(page, 'Sign in').click()
      await page.getByText('Your account has a second factor.').waitFor()
    } else {
      const opened = await context.newPage()
      await opened.goto(link)
      await button(opened, 'Sign in').click()
      await opened.getByText('Your account has a second factor.').waitFor()
    }
    expect((await page.request.get('/bff/session')).status()).toBe(401)
  })

  test('in the sign-in for an app, which goes on in the window that asked', async () => {
    const token = (await signIn(issuer, admin(fixture.trio))).access_token
    const back = `${spa.url}/shop`
    const client = {
      client_id: 'shop',
      name: 'Our shop',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      redirect_uris: [back],
      first_party: true
    }
    expect((await post(`${issuer}/admin/clients`, client, token)).status).toBe(201)
    const account = await confirmedAccount()
    const { page, context } = await visit({ ignoreHTTPSErrors: true })
    await page.goto(
      `${issuer}/oauth/authorize?${new URLSearchParams({
        client_id: 'shop',
        redirect_uri: back,
        response_type: 'code',
        scope: 'openid',
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256'
      })}`
    )
    await ask(page, account.username)
    const { link } = secretsOf(await mailServer.mailTo(account.email))
    const opened = await context.newPage()
    await opened.goto(link)
    await button(opened, 'Sign in').click()
    await opened.getByText(`You are signed in as ${account.username}.`).waitFor()
    await page.waitForURL((address) => address.href.startsWith(back))
    expect(new URL(page.url()).searchParams.get('code')).toMatch(/^[\w-]+$/)
  })

  test('can be used by everybody, in both languages, in light, in dark and on a small screen', {
    timeout: 180_000
  }, async () => {
    for (const [locale, words] of [
      ['en-GB', { choose: 'E-mail me a code', send: 'Send the mail', sent: 'a mail is on its way.', go: 'Sign in' }],
      [
        'de-DE',
        { choose: 'Code per E-Mail senden', send: 'E-Mail senden', sent: 'ist eine E-Mail unterwegs.', go: 'Anmelden' }
      ]
    ] as const) {
      const { page } = await visit({ locale })
      const look = async (name: string) => {
        for (const way of process.env.SCREENSHOTS_TO ? ways : []) {
          await show(page, way)
          await page.screenshot({
            path: `${process.env.SCREENSHOTS_TO}/${locale}-${name}-${way.name}.png`,
            fullPage: true
          })
        }
        expect(await problemsOf(page), name).toEqual([])
        await show(page, ways[0])
      }
      await page.goto('/sign-in')
      await button(page, words.choose).waitFor()
      await look('offer')
      await button(page, words.choose).click()
      await page.getByRole('textbox').fill('nobody')
      await look('ask')
      await button(page, words.send).click()
      await page.getByText(words.sent).waitFor()
      await look('code')
      await follow(page, `/sign-in/mail#${'s'.repeat(43)}`)
      await expect.poll(() => page.url()).toBe(`${baseURL}/sign-in/mail`)
      await look('link')
      await button(page, words.go).click()
      await page.getByRole('alert').waitFor()
      await look('refused')
      await page.goto('/sign-in/mail')
      await look('incomplete')
    }
  })

  test('an installation that has it off does not offer it', async () => {
    const { page } = await visit()
    const off = await fixture.trio.startAuth({ MAIL_SIGN_IN: 'off' })
    const port = await findLastingPort()
    const without = `http://localhost:${port}`
    await untilReady(await fixture.trio.startBff({ PORT: String(port), PUBLIC_URL: without, AUTH_URL: off.url }))
    await page.goto(`${without}/sign-in`)
    await page.getByRole('link', { name: 'Forgot your password?' }).waitFor()
    expect(await button(page, 'E-mail me a code').count()).toBe(0)
  })
})
