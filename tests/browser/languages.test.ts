import { query } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  admin,
  type Fixture,
  follow,
  hasBrowser,
  newPerson,
  openAccountOf,
  openFixture,
  signInWithoutForm,
  untilComplete,
  type Visitor
} from './fixture.ts'
import { problemsOf, show, ways } from './fixtures/accessibility.ts'

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor()
const languageOf = (page: Page) => page.locator('html').getAttribute('lang')
const chooseLanguage = (page: Page, language: string) =>
  page.getByRole('contentinfo').getByRole('combobox').selectOption({ label: language })

/** What roles are said to be is in the database, where admins can change it. */
const storedDescriptions = [
  'Administers users, clients, keys, APIs and roles.',
  'Every account has it, without being given it.'
]

describe.skipIf(!hasBrowser)('the language of the pages', () => {
  let fixture: Fixture
  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture?.close())

  const visit = (locale: string): Promise<Visitor> => fixture.visit({ locale })

  test('is the one that the browser asks for; a file of German is loaded only then', async () => {
    const english = await visit('en-GB')
    const files: string[] = []
    english.page.on('request', (request) => files.push(new URL(request.url()).pathname))
    await english.page.goto('/sign-in')
    await heading(english.page, 'Sign in')
    expect(await languageOf(english.page)).toBe('en')
    expect(files.filter((path) => /\/de-[^/]+\.js$/.test(path))).toEqual([])

    const german = await visit('de-AT')
    await german.page.goto('/sign-in')
    await heading(german.page, 'Anmelden')
    expect(await languageOf(german.page)).toBe('de')
    expect(await german.page.title()).toContain('Anmelden')

    const french = await visit('fr-FR')
    await french.page.goto('/sign-in')
    await heading(french.page, 'Sign in')
    expect(await languageOf(french.page)).toBe('en')
  })

  test('is switched on the page, which keeps what was typed; the browser remembers it', async () => {
    const { page } = await visit('en-GB')
    await page.goto('/register')
    await page.getByRole('textbox', { name: 'Username' }).fill('typed')
    await chooseLanguage(page, 'Deutsch')
    await heading(page, 'Konto anlegen')
    expect(await page.getByRole('textbox', { name: 'Benutzername' }).inputValue()).toBe('typed')
    expect(await languageOf(page)).toBe('de')
    await page.getByRole('button', { name: 'Konto anlegen' }).click()
    await page.getByText('Verwenden Sie mindestens 8 Zeichen.').waitFor()
    await page.goto('/sign-in')
    await heading(page, 'Anmelden')
    await chooseLanguage(page, 'English')
    await heading(page, 'Sign in')
  })

  test('stays as it is when its file cannot be loaded', async () => {
    const { page } = await visit('de-DE')
    await page.route('**/assets/de-*.js', (route) => route.abort())
    await page.goto('/sign-in')
    await heading(page, 'Sign in')
    expect(fixture.complaints.splice(0).filter((text) => !text.includes('ERR_FAILED'))).toEqual([])
  })

  test('is that of the user, who sets it in the account or with the switch, in every browser', async () => {
    const { page } = await visit('de-DE')
    const person = newPerson()
    await page.goto('/register')
    await page.getByRole('textbox', { name: 'Benutzername' }).fill(person.username)
    await page.getByLabel('Passwort', { exact: true }).fill(person.password)
    await page.getByRole('button', { name: 'Konto anlegen' }).click()
    await heading(page, 'Ihr Konto')
    const setting = page.getByRole('main').getByRole('combobox', { name: /Sprache|Language/ })
    await expect.poll(() => setting.inputValue()).toBe('de')

    const other = await visit('en-GB')
    await other.page.goto('/sign-in')
    await other.page.getByRole('textbox', { name: 'Username' }).fill(person.username)
    await other.page.getByLabel('Password', { exact: true }).fill(person.password)
    await other.page.getByRole('button', { name: 'Sign in' }).click()
    await heading(other.page, 'Ihr Konto')
    const stored = (from: Page) => from.waitForResponse((response) => response.request().method() === 'PATCH')
    await Promise.all([stored(other.page), chooseLanguage(other.page, 'English')])
    await heading(other.page, 'Your account')

    await page.reload()
    await heading(page, 'Your account')
    await expect.poll(() => setting.inputValue()).toBe('en')
    await Promise.all([stored(page), setting.selectOption('')])
    await heading(page, 'Ihr Konto')
    await page.reload()
    await heading(page, 'Ihr Konto')
    await expect.poll(() => setting.inputValue()).toBe('')
  })

  // The colors are those of the English pages.
  const lightWays = ways.filter(({ colorScheme }) => colorScheme === 'light')
  const lookAt = async (page: Page, name: string, english: RegExp) => {
    if (process.env.SCREENSHOTS_TO) {
      for (const way of ways) {
        await show(page, way)
        await page.screenshot({ path: `${process.env.SCREENSHOTS_TO}/de-${name}-${way.name}.png`, fullPage: true })
      }
    }
    expect(await problemsOf(page, lightWays), name).toEqual([])
    let text = await page.locator('body').innerText()
    for (const description of storedDescriptions) text = text.replaceAll(description, '')
    expect(text, name).not.toMatch(english)
    const labels = await page.locator('[aria-label]').evaluateAll((all) => all.map((one) => one.ariaLabel ?? ''))
    expect(
      labels.filter((label) => english.test(label)),
      name
    ).toEqual([])
  }

  test('German: every page of a user can be used by everybody, and has no English text', {
    timeout: 180_000
  }, async () => {
    const { page } = await visit('de-DE')
    const english = /\b(?:the|your|you|with|sign|password|session|is)\b/i
    const look = (name: string) => lookAt(page, name, english)
    for (const [path, title] of [
      ['/forgot-password', 'Passwort zurücksetzen'],
      ['/reset-password', 'Neues Passwort setzen'],
      ['/reset-password#secret', 'Neues Passwort setzen'],
      ['/verify-email#secret', 'E-Mail-Adresse bestätigen'],
      ['/nowhere', 'Seite nicht gefunden'],
      ['/sign-in', 'Anmelden']
    ] as const) {
      await page.goto(path)
      await heading(page, title)
      await look(path.replaceAll(/[/#]/g, '_'))
    }
    await page.getByRole('textbox', { name: 'Benutzername' }).fill('nobody')
    await page.getByLabel('Passwort', { exact: true }).fill('wrong-as-it-is')
    await page.getByRole('button', { name: 'Anmelden' }).click()
    await page.getByText('Der Benutzername oder das Passwort ist falsch.').waitFor()
    await look('refused')
    const { username, password } = newPerson()
    await follow(page, '/register')
    await heading(page, 'Konto anlegen')
    await look('_register')
    await page.getByRole('textbox', { name: 'Benutzername' }).fill(username)
    await page.getByLabel('Passwort', { exact: true }).fill(password)
    await page.getByRole('textbox', { name: 'E-Mail (optional)' }).fill(`${username}@example.com`)
    await page.getByRole('button', { name: 'Konto anlegen' }).click()
    await heading(page, 'Ihr Konto')
    await page.getByText('gerade eben').waitFor()
    await look('account')
    const dates = page.getByText('Mitglied seit').locator('..').locator('time')
    expect(await dates.innerText()).toMatch(/^\d{2}\.\d{2}\.\d{4}, \d{2}:\d{2}$/)
    await follow(page, '/admin')
    await heading(page, 'Nur für Administratoren')
    await look('admins-only')
  })

  test('German: every page of an administrator can be used by everybody, and has no English text', {
    timeout: 180_000
  }, async () => {
    const { page } = await visit('en-GB')
    await signInWithoutForm(page, admin(fixture.trio))
    await page.goto('/admin/users')
    await heading(page, 'Users')
    await chooseLanguage(page, 'Deutsch')
    await heading(page, 'Benutzer')
    // The names of events, which are everywhere the same, have words like session in them.
    const english = /\b(?:the|your|you|with|and|of|there|no|this|that|are|cannot)\b/i
    const look = async (name: string) => {
      await untilComplete(page)
      await lookAt(page, name, english)
      await show(page, ways[0])
    }
    await look('admin-users')
    await page.getByRole('link', { name: 'admin', exact: true }).click()
    await page.getByRole('button', { name: 'Zweite Faktoren zurücksetzen' }).click()
    await page.getByRole('dialog').waitFor()
    await look('admin-user')
    for (const [path, title, button] of [
      ['', 'Übersicht', undefined],
      ['/invitations', 'Einladungen', 'Jemanden einladen'],
      ['/providers', 'Anmelden mit anderen Diensten', 'Dienst einrichten'],
      ['/apis', 'APIs', 'Neue API'],
      ['/roles', 'Rollen', 'Neue Rolle'],
      ['/roles/admin', 'admin', undefined],
      ['/keys', 'Signaturschlüssel', 'Schlüssel widerrufen'],
      ['/clients', 'Clients', 'Neuer Client'],
      ['/clients/countersign', 'countersign', undefined],
      ['/mail', 'E-Mail', undefined],
      ['/audit', 'Audit-Log', undefined]
    ] as const) {
      // The other suites do not open these by their addresses.
      await (['', '/providers'].includes(path) ? page.goto(`/admin${path}`) : follow(page, `/admin${path}`))
      await heading(page, title)
      await look(`admin${path.replaceAll('/', '-')}`)
      if (button === undefined) continue
      await page.getByRole('button', { name: button }).first().click()
      await page.getByRole('dialog').waitFor()
      await look(`admin${path.replaceAll('/', '-')}-dialog`)
    }
    await follow(page, '/admin/users/00000000-0000-4000-8000-000000000000')
    await page.getByText('Es gibt keinen Benutzer mit dieser Id.').waitFor()
  })

  test('German: the header of an admin fits into each width', async () => {
    // The page would be German from the start.
    await query(fixture.database.url, "UPDATE users SET language = NULL WHERE username = 'admin'")
    const { page } = await visit('en-GB')
    await openAccountOf(page, admin(fixture.trio))
    await chooseLanguage(page, 'Deutsch')
    await page.getByRole('navigation', { name: 'Seiten' }).first().waitFor()
    // The longest name that is not cut off.
    await page.getByRole('banner').evaluate((header) => {
      for (const name of header.querySelectorAll('[title^="Angemeldet als"]')) name.textContent = 'm'.repeat(64)
    })
    for (const width of [360, 580, 800, 1152, 1153, 1180, 1280, 1600]) {
      await page.setViewportSize({ width, height: 700 })
      const { hidden, name } = await page.getByRole('banner').evaluate((header) => ({
        hidden: [...header.querySelectorAll('*')].some((one) => one.getBoundingClientRect().right > window.innerWidth),
        name: header.querySelector('a span')?.getBoundingClientRect().width ?? 0
      }))
      expect({ width, hidden }).toEqual({ width, hidden: false })
      expect(name, `${width}`).toBeGreaterThan(80)
    }
  })

  test('the pages complain of nothing', () => {
    expect(fixture.complaints).toEqual([])
  })
})
