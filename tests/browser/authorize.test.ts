import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findLastingPort } from '@countersign/testing'
import { audience, makeClientKey, post, query, send, signIn, untilReady, usedSecrets } from '@countersign/testing/trio'
import { exportPKCS8 } from 'jose'
import type { Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { type MockProvider, startMockProvider } from '../integration/fixtures/mock-provider.ts'
import {
  admin,
  createAccount,
  type Fixture,
  follow,
  hasBrowser,
  newPerson,
  openAccountOf,
  openFixture,
  type Person,
  signInWithoutForm
} from './fixture.ts'
import { problemsOf, show, ways } from './fixtures/accessibility.ts'
import { type SinglePageApp, serveSinglePageApp } from './fixtures/single-page-app.ts'

/** `SCREENSHOTS=1` renews the pictures of docs/browser.md. */
const takesScreenshots = process.env.SCREENSHOTS === '1'

const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor()
const button = (place: Page | Locator, name: string) => place.getByRole('button', { name, exact: true })

describe.skipIf(!hasBrowser || !inject('docker'))('apps to which users sign in', () => {
  let fixture: Fixture
  let baseURL: string
  let issuer: string
  let spa: SinglePageApp
  let adminToken: string
  let office: Page
  let company: MockProvider

  beforeAll(async () => {
    const [pagesPort, issuerPort, appPort] = [await findLastingPort(), await findLastingPort(), await findLastingPort()]
    baseURL = `http://localhost:${pagesPort}`
    issuer = `http://localhost:${issuerPort}`
    fixture = await openFixture({ env: { PAGES_URL: baseURL, ISSUER: issuer } })
    const { trio } = fixture
    await untilReady(await trio.startAuth({ PORT: String(issuerPort) }))
    await untilReady(await trio.startBff({ PORT: String(pagesPort), PUBLIC_URL: baseURL }))
    adminToken = (await signIn(issuer, admin(trio))).access_token
    spa = await serveSinglePageApp(appPort)
    company = await startMockProvider()
    office = (await visit()).page
    await signInWithoutForm(office, admin(trio))
    await office.goto('/admin/clients')
  })
  afterAll(async () => {
    await fixture?.close()
    await spa?.stop()
    await company?.stop()
  })

  const visit = (options: Parameters<Fixture['visit']>[0] = {}) =>
    fixture.visit({ baseURL, locale: 'en-GB', ignoreHTTPSErrors: true, ...options })
  async function look(page: Page, title?: string): Promise<void> {
    expect(await problemsOf(page)).toEqual([])
    await show(page, ways[0])
    if (!takesScreenshots || !title) return
    await page.screenshot({ path: fileURLToPath(new URL(`../../docs/images/${title}.png`, import.meta.url)) })
  }

  const openForm = async (kind: string, id: string, name: string) => {
    await follow(office, '/admin/clients')
    await button(office, 'New client').click()
    const dialog = office.getByRole('dialog')
    await dialog.getByLabel('What it is').selectOption({ label: kind })
    await dialog.getByRole('textbox', { name: 'Client id' }).fill(id)
    await dialog.getByRole('textbox', { name: 'Name, as users see it (optional)' }).fill(name)
    return dialog
  }
  const filesOf = async (place: Page | Locator) => {
    const textOf = async (label: string) =>
      (await place.getByRole('group', { name: label, exact: true }).textContent()) ?? ''
    return { env: await textOf('.env'), code: await textOf('Code') }
  }
  const createClient = async (client: object) => {
    const created = await post(`${issuer}/admin/clients`, client, adminToken)
    expect(created.status, JSON.stringify(created.body)).toBe(201)
  }
  const signInHere = async (page: Page, { username, password }: Person) => {
    await page.getByRole('textbox', { name: 'Username' }).fill(username)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await button(page, 'Sign in').click()
  }
  const newAccount = () => createAccount(issuer)
  /** What openid-client and the like send, where it matters what a page makes of it. */
  const addressOf = (clientId: string, redirectUri: string, more: Record<string, string> = {}) =>
    `${issuer}/oauth/authorize?${new URLSearchParams({
      client_id: clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid profile',
      state: 'a-state',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      ...more
    })}`
  const isIn = async (page: Page) => {
    await page.waitForURL(`${spa.url}/`)
    await page.getByText('Signed in as').waitFor()
  }
  const errorOf = (page: Page) => new URL(page.url()).searchParams.get('error')

  test('a single-page app: an admin registers it, and what the page then shows signs a user in', async () => {
    const dialog = await openForm('A single-page app', 'notes', 'Meeting notes')
    await button(dialog, 'Create client').click()
    await dialog.getByText('Give one address per line').waitFor()
    await dialog
      .getByRole('textbox', { name: 'Redirect URIs', exact: true })
      .fill(`${spa.url}/callback\nhttps://notes.example/#x`)
    await button(dialog, 'Create client').click()
    await dialog.getByText('Give one address per line').waitFor()
    await dialog.getByRole('textbox', { name: 'Redirect URIs', exact: true }).fill(`${spa.url}/callback`)
    await look(office)
    await button(dialog, 'Create client').click()
    await heading(office, 'notes')
    await office.getByText('None seen yet.').waitFor()
    await office.getByRole('group', { name: 'Code' }).waitFor()
    await look(office, 'client-spa')
    spa.use(await filesOf(office))

    const person = await newAccount()
    const { page } = await visit()
    await page.goto(spa.url)
    await page.getByText('Sign in to continue to Meeting notes').waitFor()
    await look(page, 'authorize-sign-in')
    await signInHere(page, person)
    await heading(page, 'Allow Meeting notes access?')
    await page.getByText(new URL(spa.url).host).waitFor()
    await page.getByText(`Signed in as ${person.username}.`).waitFor()
    await page.getByText('See your name and your username').waitFor()
    expect(await button(page, 'Sign out').count()).toBe(0)
    await look(page, 'consent')
    await button(page, 'Allow').focus()
    await page.keyboard.press('Enter')
    await isIn(page)
    // Back does not find a request that is over.
    expect(await page.evaluate(() => history.length)).toBeLessThan(4)
    await office.getByRole('status').locator('time').waitFor()

    // The same app again: nothing is asked.
    const second = await page.context().newPage()
    await second.goto(spa.url)
    await isIn(second)

    // And after the user has taken it back, everything is.
    await page.goto('/')
    await page.getByText('Meeting notes', { exact: true }).waitFor()
    await look(page)
    await page.getByText('Apps with access').scrollIntoViewIfNeeded()
    await button(page, 'End access of Meeting notes').click()
    await button(page.getByRole('dialog'), 'End access').click()
    await page.getByText('The access of Meeting notes has ended.').waitFor()
    await page.getByText('No app has access.').waitFor()
    const third = await page.context().newPage()
    await third.goto(spa.url)
    await heading(third, 'Allow Meeting notes access?')
  })

  test('a user who refuses, and one who does not sign in, come back to the app with an error', async () => {
    const person = await newAccount()
    const { page } = await visit()
    await signInWithoutForm(page, person)
    await page.goto(spa.url)
    await button(page, 'Deny').click()
    await page.getByText('Refused: access_denied').waitFor()
    const other = (await visit()).page
    await other.goto(spa.url)
    await button(other, 'Cancel and go back to Meeting notes').click()
    await other.getByText('Refused: access_denied').waitFor()
  })

  test('"not you?" lets another user sign in and go on', async () => {
    const [one, other] = [await newAccount(), await newAccount()]
    const { page } = await visit()
    await signInWithoutForm(page, one)
    await page.goto(spa.url)
    await button(page, 'Not you?').click()
    await page.getByText('Sign in to continue to Meeting notes').waitFor()
    await signInHere(page, other)
    await page.getByText(`Signed in as ${other.username}.`).waitFor()
    await button(page, 'Allow').click()
    await isIn(page)
  })

  test('a new account, made on the way, comes back to the app', async () => {
    const { page } = await visit()
    await page.goto(spa.url)
    await page.getByRole('link', { name: 'Create an account' }).click()
    const person = newPerson()
    await page.getByRole('textbox', { name: 'Username' }).fill(person.username)
    await page.getByLabel('Password', { exact: true }).fill(person.password)
    await button(page, 'Create account').click()
    await heading(page, 'Allow Meeting notes access?')
  })

  describe('by another service', () => {
    const go = (page: Page) => button(page, 'Continue with The company').click()
    beforeAll(async () => {
      const provider = { id: 'company', kind: 'oidc', name: 'The company', client_id: 'ours', issuer: company.issuer }
      expect((await post(`${issuer}/admin/providers`, provider, adminToken)).status).toBe(201)
    })

    test('a sign-in comes back to the page of the app, and so does one that was refused', async () => {
      company.claims = { sub: randomUUID() }
      const { page } = await visit()
      await page.goto(spa.url)
      await go(page)
      await heading(page, 'Allow Meeting notes access?')
      // The address of somebody who has an account already.
      const email = `${randomUUID()}@example.com`
      const person = await createAccount(issuer, { ...newPerson(), email })
      await query(fixture.database.url, 'UPDATE users SET email_key = $1, email_verified_at = now() WHERE email = $1', [
        email
      ])
      company.claims = { sub: randomUUID(), email, email_verified: true }
      const other = (await visit()).page
      await other.goto(spa.url)
      await go(other)
      await other.getByText('There is an account with this e-mail address.').waitFor()
      await other.getByText('Sign in to continue to Meeting notes').waitFor()
      await look(other)
      await signInHere(other, person)
      await heading(other, 'Allow Meeting notes access?')
    })

    test('the second factor is asked for on the page of the app', async () => {
      company.claims = { sub: randomUUID() }
      const first = (await visit()).page
      await first.goto(spa.url)
      await go(first)
      await heading(first, 'Allow Meeting notes access?')
      await query(
        fixture.database.url,
        "INSERT INTO totp_factors (user_id, sealed_seed, last_step) SELECT user_id, '\\x00', 0 FROM identities WHERE subject = $1",
        [company.claims.sub]
      )
      const { page } = await visit()
      await page.goto(spa.url)
      await go(page)
      await page.getByText('Your account has a second factor.').waitFor()
      await page.getByText('Sign in to continue to Meeting notes').waitFor()
      await look(page)
    })
  })

  test('each scope of an API is there in the words of the API', async () => {
    const api = 'https://reports.example'
    const scopes = [
      { name: 'reports:read', description: 'Read all reports' },
      { name: 'reports:write', description: 'Write reports and delete them' }
    ]
    expect((await post(`${issuer}/admin/apis`, { identifier: api, name: 'Reports', scopes }, adminToken)).status).toBe(
      201
    )
    const held = await send(`${issuer}/admin/roles/user`, {
      method: 'PATCH',
      headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ scopes: [{ api, scope: 'reports:read' }] })
    })
    expect(held.status).toBe(200)
    const back = `${spa.url}/shop`
    await createClient({
      client_id: 'reader',
      name: 'Reader',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      redirect_uris: [back],
      scopes: ['reports:read', 'reports:write'],
      audiences: [api],
      policy_uri: 'https://reader.example/privacy'
    })
    const { page } = await visit()
    await signInWithoutForm(page, await newAccount())
    await page.goto(addressOf('reader', back, { scope: 'openid reports:read reports:write', resource: api }))
    await page.getByText('Read all reports · Reports').waitFor()
    // The user may not do that, and so cannot allow it.
    expect(await page.getByText('Write reports and delete them').count()).toBe(0)
    const policy = page.getByRole('link', { name: 'Privacy policy of Reader' })
    expect(await policy.getAttribute('rel')).toBe('noopener noreferrer')
    await look(page)
    await button(page, 'Allow').click()
    await page.waitForURL(`${back}?**`)
    await page.goto('/')
    await page.getByText('Read all reports · Reports').waitFor()
  })

  test('the list of apps has pages, which do not turn those of the sessions', async () => {
    const person = await newAccount()
    for (let i = 10; i < 22; i++) {
      await createClient({
        client_id: `app-${i}`,
        name: `App ${i}`,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        redirect_uris: [`${spa.url}/shop`]
      })
    }
    await query(
      fixture.database.url,
      `INSERT INTO consents (user_id, client_id, api, scopes)
       SELECT u.id, c.id, '', '{openid}' FROM users u, clients c WHERE u.username = $1 AND c.id LIKE 'app-%'`,
      [person.username]
    )
    const { page } = await visit()
    await openAccountOf(page, person)
    await page.getByText('App 10', { exact: true }).waitFor()
    expect(await page.getByText('App 20', { exact: true }).count()).toBe(0)
    const pager = page.getByRole('navigation', { name: 'Pages of apps' })
    await button(pager, 'Next').click()
    await page.getByText('App 20', { exact: true }).waitFor()
    await page.getByText('This browser').waitFor()
    await button(page, 'End access of App 21').click()
    await button(page.getByRole('dialog'), 'End access').click()
    await page.getByText('The access of App 21 has ended.').waitFor()
    await button(pager, 'Previous').click()
    await page.getByText('App 10', { exact: true }).waitFor()
  })

  test('only the page of a sign-in to an app may load pictures from elsewhere', async () => {
    const imagesOf = async (path: string) => {
      const { headers } = await fetch(baseURL + path)
      return /img-src ([^;]+)/.exec(headers.get('Content-Security-Policy') ?? '')?.[1]
    }
    expect(await imagesOf('/authorize?request=x')).toBe("'self' data: https:")
    for (const path of ['/', '/authorize/error', '/sign-in']) expect(await imagesOf(path)).toBe("'self' data:")
  })

  test('a request that another account has taken says so, and leads on', async () => {
    const [one, other] = [await newAccount(), await newAccount()]
    const { page } = await visit()
    await signInWithoutForm(page, one)
    await page.goto(spa.url)
    await heading(page, 'Allow Meeting notes access?')
    const address = page.url()
    const elsewhere = (await visit()).page
    await elsewhere.goto(address)
    await signInHere(elsewhere, other)
    await heading(elsewhere, 'Another account started this')
    await look(elsewhere)
    await button(elsewhere, 'Use another account').click()
    await elsewhere.getByText('Sign in to continue to Meeting notes').waitFor()
    await button(elsewhere, 'Cancel and go back to Meeting notes').click()
    await elsewhere.getByText('This sign-in was started in another browser.').waitFor()
  })

  describe('what an app asks for:', () => {
    let back: string
    let page: Page
    let person: Person

    beforeAll(async () => {
      back = `${spa.url}/shop`
      await createClient({
        client_id: 'own',
        name: 'Our shop',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        redirect_uris: [back],
        logo_uri: `${spa.url}/logo.svg`,
        first_party: true
      })
      person = newPerson()
      page = (await visit()).page
    })
    const arrive = () => page.waitForURL(`${back}?**`)

    test('the language, the user and the logo are on the form; an app of ours asks for no consent', async () => {
      await createAccount(issuer, person)
      await page.goto(addressOf('own', back, { ui_locales: 'fr de', login_hint: person.username }))
      await page.getByText('Melden Sie sich an, um zu Our shop zu gelangen').waitFor()
      expect(await page.getByRole('textbox', { name: 'Benutzername' }).inputValue()).toBe(person.username)
      const logo = page.locator('main img')
      const isShown = () => logo.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0)
      await expect.poll(isShown).toBe(true)
      await page.getByLabel('Passwort', { exact: true }).fill(person.password)
      await button(page, 'Anmelden').click()
      await arrive()
      expect(new URL(page.url()).searchParams.get('code')).not.toBeNull()
    })

    test('prompt=none shows nothing: it signs in, or says what is missing', async () => {
      const texts: string[] = []
      await page.exposeFunction('seen', (text: string) => texts.push(text))
      await page.addInitScript(() => {
        new MutationObserver(() => {
          const text = document.querySelector('main')?.textContent
          if (text) (window as unknown as { seen(text: string): void }).seen(text)
        }).observe(document, { childList: true, subtree: true, characterData: true })
      })
      await page.goto(addressOf('own', back, { prompt: 'none' }))
      await arrive()
      expect(new URL(page.url()).searchParams.get('code')).not.toBeNull()
      await page.goto(addressOf('notes', `${spa.url}/callback`, { prompt: 'none' }))
      await page.waitForURL(`${spa.url}/**`)
      expect(errorOf(page)).toBe('consent_required')
      expect(texts).toEqual([])
      const stranger = (await visit()).page
      await stranger.goto(addressOf('notes', `${spa.url}/callback`, { prompt: 'none' }))
      await stranger.waitForURL(`${spa.url}/**`)
      expect(errorOf(stranger)).toBe('login_required')
    })

    test('prompt=login asks for the password once more', async () => {
      await page.goto(addressOf('own', back, { prompt: 'login' }))
      const dialog = page.getByRole('dialog')
      await dialog
        .getByLabel(/Passwor/)
        .first()
        .waitFor()
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'hidden' })
      await look(page)
      await button(page, 'Confirm').click()
      await dialog.getByLabel('Password', { exact: true }).fill(person.password)
      await button(dialog, 'Confirm').click()
      await arrive()
      expect(new URL(page.url()).searchParams.get('code')).not.toBeNull()
    })

    test('prompt=select_account asks with which account to go on', async () => {
      await page.goto(addressOf('own', back, { prompt: 'select_account' }))
      await heading(page, 'Choose an account')
      await look(page)
      await button(page, `Continue as ${person.username}`).click()
      await arrive()
      await page.goto(addressOf('own', back, { prompt: 'select_account' }))
      await button(page, 'Use another account').click()
      await page.getByText('Sign in to continue to Our shop').waitFor()
      const other = await newAccount()
      // Signing in is the choice.
      await signInHere(page, other)
      await arrive()
    })
  })

  test('an address that is over or incomplete, and a client that is unknown, have a page that says so', async () => {
    const { page } = await visit()
    await page.goto('/authorize?request=x')
    await heading(page, 'This sign-in is over')
    await page.goto(`/authorize?request=${'a'.repeat(43)}`)
    await heading(page, 'This sign-in is over')
    await look(page)
    await page.goto(addressOf('nobody', 'https://evil.example/'))
    await heading(page, 'The sign-in did not work')
    expect(new URL(page.url()).origin).toBe(baseURL)
    await look(page)
    expect(await page.locator('main a').count()).toBe(0)
    await page.getByText('The app is not known here').waitFor()
    await page.goto(addressOf('notes', `${spa.url}/callback/`))
    await page.getByText('an address that is not registered for it').waitFor()
    const markup = '<img src=x onerror=alert(1)>'
    await page.goto(
      `/authorize/error?${new URLSearchParams({ error: 'x_y', error_description: markup + 'z'.repeat(400) })}`
    )
    await page.getByText(markup).waitFor()
    expect((await page.locator('pre').textContent())?.length).toBeLessThan(220)
    await follow(page, '/authorize/error?error=%3Cb%3E')
    await expect.poll(() => page.locator('pre').count()).toBe(0)
  })

  describe('a program from the page', () => {
    let folder: string
    let program: ChildProcess | undefined
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'sign-in-app-'))
      await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'))
    })
    afterEach(async () => {
      program?.kill()
      if (program?.exitCode === null && program.signalCode === null) await once(program, 'exit')
      program = undefined
    })
    afterAll(() => rm(folder, { recursive: true }))
    const start = async ({ env, code }: { env: string; code: string }) => {
      await writeFile(join(folder, '.env'), env)
      await writeFile(join(folder, 'program.mjs'), code)
      program = spawn(process.execPath, ['--env-file=.env', 'program.mjs'], { cwd: folder, stdio: 'inherit' })
    }

    /** Signs a new user in at the program, once it listens. */
    const signInAt = async (app: string) => {
      const person = await newAccount()
      const { page } = await visit()
      await expect
        .poll(() =>
          fetch(app).then(
            ({ status }) => status,
            () => 0
          )
        )
        .toBe(404)
      await page.goto(`${app}/sign-in`)
      await signInHere(page, person)
      await button(page, 'Allow').click()
      await page.waitForURL(`${app}/callback?**`)
      await page.getByText('Signed in as').waitFor()
      await office.getByRole('status').locator('time').waitFor()
    }

    test('a web app signs a user in as it is, and needs nothing else', async () => {
      const app = `http://127.0.0.1:${await findLastingPort()}`
      const dialog = await openForm('A web app with a server of its own', 'wiki', 'The wiki')
      await dialog.getByRole('textbox', { name: 'Redirect URIs', exact: true }).fill(`${app}/callback`)
      expect(await dialog.getByLabel('Requires PKCE').isChecked()).toBe(true)
      await dialog.getByRole('textbox', { name: 'Back-channel logout URI (optional)' }).fill(`${app}/logout`)
      await look(office, 'client-form')
      await button(dialog, 'Create client').click()
      usedSecrets.add(await dialog.getByLabel('Client secret').inputValue())
      await start(await filesOf(dialog))
      await button(dialog, 'I have copied it').click()
      await heading(office, 'wiki')
      await look(office)
      await signInAt(app)
    })

    test('a web app with a key of its own, and an API that it calls, does the same', async () => {
      const app = `http://127.0.0.1:${await findLastingPort()}`
      const { privateKey, publicJwk } = await makeClientKey()
      await writeFile(join(folder, 'diary.pem'), await exportPKCS8(privateKey))
      await createClient({
        client_id: 'diary',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [publicJwk] },
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [`${app}/callback`],
        audiences: [audience]
      })
      await follow(office, '/admin/clients/diary')
      await heading(office, 'diary')
      await office.getByRole('group', { name: 'Code' }).waitFor()
      const files = await filesOf(office)
      expect(files.env).toContain(`CLIENT_KEY_FILE=diary.pem\nREDIRECT_URI=${app}/callback\n`)
      expect(files.env).toContain(`RESOURCE=${audience}\n`)
      await start(files)
      await signInAt(app)
    })
  })

  test('a native app has addresses of its own kind, and no secret', async () => {
    const dialog = await openForm('A native app', 'phone', 'The phone app')
    expect(await dialog.getByLabel('How it authenticates itself').count()).toBe(0)
    expect(await dialog.getByLabel('Requires PKCE').count()).toBe(0)
    await dialog
      .getByRole('textbox', { name: 'Redirect URIs', exact: true })
      .fill('com.example.phone:/callback\nhttp://127.0.0.1/callback')
    await button(dialog, 'Create client').click()
    await heading(office, 'phone')
    await office.getByRole('group', { name: 'Code' }).waitFor()
    const { env } = await filesOf(office)
    expect(env).toBe(
      `ISSUER=${issuer}\nCLIENT_ID=phone\nREDIRECT_URI=com.example.phone:/callback\nSCOPE="openid profile email offline_access"\n`
    )
    // What it may do is changed where it is shown.
    await office.getByRole('textbox', { name: 'Redirect URIs', exact: true }).fill('com.example.phone:/signed-in')
    await button(office, 'Save client').click()
    await office.getByText('The client phone is saved.').waitFor()
    await office.reload()
    expect((await filesOf(office)).env).toContain('REDIRECT_URI=com.example.phone:/signed-in\n')
    // Any port of this machine, which a native app may choose at the time.
    const person = await newAccount()
    const { page } = await visit()
    await signInWithoutForm(page, person)
    await page.goto(addressOf('phone', 'com.example.phone:/signed-in'))
    await heading(page, 'Allow The phone app access?')
  })

  test('the pages have reported no error and no policy violation', () => {
    expect(fixture.complaints).toEqual([])
  })
})
