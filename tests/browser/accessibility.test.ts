import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { send, signIn } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  admin,
  type Fixture,
  hasBrowser,
  newPerson,
  openFixture,
  type Person,
  registerOnPage,
  signInOnPage
} from './fixture.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** `SCREENSHOTS=1` renews the pictures of docs/browser.md. */
const takesScreenshots = process.env.SCREENSHOTS === '1'

interface Violation {
  id: string
  nodes: { html: string; failureSummary: string }[]
}

/** What axe-core says of the page as it is. */
async function violationsOf(page: Page, options: object): Promise<string[]> {
  await page.evaluate(axe)
  const run = `axe.run(${JSON.stringify(options)}).then(({ violations }) => violations)`
  const violations = await page.evaluate<Violation[]>(run)
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)
  )
}

const ways = [
  { name: 'light', options: { colorScheme: 'light', viewport: { width: 1280, height: 900 } }, rules: {} },
  {
    name: 'dark',
    options: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
    // The document is the same; its colors differ.
    rules: { runOnly: ['color-contrast', 'link-in-text-block'] }
  },
  { name: 'on a small screen', options: { colorScheme: 'light', viewport: { width: 360, height: 740 } }, rules: {} }
] as const

describe.skipIf(!hasBrowser)('every page can be used by everybody', () => {
  let fixture: Fixture
  let userId: string
  let margaret: Person

  beforeAll(async () => {
    fixture = await openFixture()
    for (let i = 0; i < 4; i++) {
      const { page, context } = await fixture.visit()
      margaret = newPerson(['ada', 'grace', 'linus', 'margaret'][i])
      await registerOnPage(page, margaret)
      userId = await page.evaluate(async () => (await (await fetch('/bff/session')).json()).user_id)
      await context.close()
    }
  })
  afterAll(() => fixture?.close())

  const endSessionsOf = async (person: Person) => {
    const { access_token: token } = await signIn(fixture.trio.auth.url, person)
    const headers = { Authorization: `Bearer ${token}` }
    expect(await send(`${fixture.trio.auth.url}/auth/logout-all`, { method: 'POST', headers })).toMatchObject({
      status: 204
    })
  }

  const pages: [string, () => string, string][] = [
    ['account', () => '/', 'Your account'],
    ['dashboard', () => '/admin', 'Dashboard'],
    ['users', () => '/admin/users', 'Users'],
    ['user', () => `/admin/users/${userId}`, 'margaret-'],
    ['keys', () => '/admin/keys', 'Signing keys'],
    ['clients', () => '/admin/clients', 'Clients'],
    ['client', () => '/admin/clients/countersign', 'ountersign'],
    ['audit', () => '/admin/audit', 'Audit log'],
    ['not-found', () => '/nowhere', '']
  ]

  test.each(ways)(
    '$name',
    async ({ name, options, rules }) => {
      const { page, context } = await fixture.visit(options)
      const found: string[] = []
      const look = async (title: string, path: string, heading: string | RegExp) => {
        await page.goto(path)
        await page.getByRole('heading', { level: 1, name: heading }).first().waitFor()
        await page.waitForLoadState('networkidle')
        await page.waitForTimeout(300)
        found.push(...(await violationsOf(page, rules)).map((text) => `${path} ${text}`))
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        if (overflow > 0) found.push(`${path} is ${overflow} px wider than the screen`)
        if (takesScreenshots && name === 'light') {
          await page.screenshot({ path: fileURLToPath(new URL(`../../docs/images/${title}.png`, import.meta.url)) })
        }
      }
      await look('sign-in', '/sign-in', 'Sign in')
      await look('register', '/register', 'Create an account')
      await signInOnPage(page, admin(fixture.trio))
      for (const [title, path, heading] of pages) await look(title, path(), new RegExp(heading))
      const ask = async (path: string, button: string | RegExp) => {
        await page.goto(path)
        await page.getByRole('button', { name: button }).first().click()
        await page.getByRole('dialog').waitFor()
        await page.waitForTimeout(400)
        found.push(...(await violationsOf(page, rules)).map((text) => `${path}, ${button}: ${text}`))
      }
      await ask('/admin/keys', 'Rotate now')
      await ask('/admin/keys', /^Revoke key/)
      await ask(`/admin/users/${userId}`, 'Disable user')
      await ask('/admin/clients', 'New client')
      await page.getByLabel('Client id').fill('typed')
      await endSessionsOf(admin(fixture.trio))
      await page.evaluate(() => window.dispatchEvent(new Event('focus')))
      const again = page.getByRole('dialog', { name: 'Your session has ended' })
      await again.waitFor()
      await page.waitForTimeout(400)
      found.push(...(await violationsOf(page, rules)).map((text) => `the ended session: ${text}`))
      await again.getByRole('textbox', { name: 'Username' }).fill(margaret.username)
      await again.getByLabel('Password', { exact: true }).fill(margaret.password)
      await again.getByRole('button', { name: 'Sign in' }).click()
      await page.getByText('This browser is signed in as').waitFor()
      await page.waitForTimeout(400)
      found.push(...(await violationsOf(page, rules)).map((text) => `the notice of another user: ${text}`))
      expect(found).toEqual([])
      expect(fixture.complaints).toEqual([])
      await context.close()
    },
    180_000
  )
})
