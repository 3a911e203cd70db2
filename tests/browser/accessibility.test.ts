import { fileURLToPath } from 'node:url'
import { post, send, signIn } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  admin,
  type Fixture,
  follow,
  hasBrowser,
  newPerson,
  openAccountOf,
  openFixture,
  type Person,
  registerWithoutForm,
  sessionOf,
  untilComplete
} from './fixture.ts'
import { problemsOf, show, ways } from './fixtures/accessibility.ts'

/** `SCREENSHOTS=1` renews the pictures of docs/browser.md. */
const takesScreenshots = process.env.SCREENSHOTS === '1'

describe.skipIf(!hasBrowser)('every page can be used by everybody, in light, in dark and on a small screen:', () => {
  let fixture: Fixture
  let page: Page
  let userId: string
  let apiId: string
  let margaret: Person

  beforeAll(async () => {
    fixture = await openFixture()
    for (let i = 0; i < 4; i++) {
      const { page, context } = await fixture.visit()
      margaret = newPerson(['ada', 'grace', 'linus', 'margaret'][i])
      await registerWithoutForm(page, margaret)
      userId = (await sessionOf(page)).user_id
      await context.close()
    }
    apiId = await registerApi()
    page = (await fixture.visit()).page
  })
  afterAll(() => fixture?.close())
  afterEach(() => expect(fixture.complaints).toEqual([]))

  const registerApi = async () => {
    const { access_token: token } = await signIn(fixture.trio.auth.url, admin(fixture.trio))
    const { body } = await post<{ id: string }>(
      `${fixture.trio.auth.url}/admin/apis`,
      {
        identifier: 'https://reports.example',
        name: 'Reports',
        carries_roles: true,
        scopes: [
          { name: 'reports:read', description: 'Read all reports' },
          { name: 'reports:write', description: 'Write reports and delete them' }
        ]
      },
      token
    )
    return body.id
  }
  const endSessionsOf = async (person: Person) => {
    const { access_token: token } = await signIn(fixture.trio.auth.url, person)
    const headers = { Authorization: `Bearer ${token}` }
    expect(await send(`${fixture.trio.auth.url}/auth/logout-all`, { method: 'POST', headers })).toMatchObject({
      status: 204
    })
  }

  let isOpen = false
  const look = async (title: string, path: string, heading: string | RegExp) => {
    await show(page, ways[0])
    await (isOpen ? follow(page, path) : page.goto(path))
    isOpen = true
    await page.getByRole('heading', { level: 1, name: heading }).first().waitFor()
    await untilComplete(page)
    if (takesScreenshots) {
      await page.screenshot({ path: fileURLToPath(new URL(`../../docs/images/${title}.png`, import.meta.url)) })
    }
    expect(await problemsOf(page)).toEqual([])
  }

  test.each([
    ['sign-in', '/sign-in', 'Sign in'],
    ['register', '/register', 'Create an account']
  ])('%s', look)

  test.each<[string, () => string, string]>([
    ['account', () => '/', 'Your account'],
    ['dashboard', () => '/admin', 'Dashboard'],
    ['users', () => '/admin/users', 'Users'],
    ['user', () => `/admin/users/${userId}`, 'margaret-'],
    ['apis', () => '/admin/apis', 'APIs'],
    ['api', () => `/admin/apis/${apiId}`, 'Reports'],
    ['roles', () => '/admin/roles', 'Roles'],
    ['role', () => '/admin/roles/user', 'user'],
    ['keys', () => '/admin/keys', 'Signing keys'],
    ['clients', () => '/admin/clients', 'Clients'],
    ['client', () => '/admin/clients/countersign', 'ountersign'],
    ['mail', () => '/admin/mail', 'Mail'],
    ['audit', () => '/admin/audit', 'Audit log'],
    ['not-found', () => '/nowhere', 'Page not found']
  ])('%s', async (title, path, heading) => {
    await beSignedIn()
    await look(title, path(), new RegExp(heading))
  })

  const ask = async (path: string, button: string | RegExp) => {
    await beSignedIn()
    await show(page, ways[0])
    await follow(page, path)
    await page.getByRole('button', { name: button }).first().click()
    await page.getByRole('dialog').waitFor()
    expect(await problemsOf(page)).toEqual([])
  }

  test.each<[string | RegExp, () => string]>([
    ['Rotate now', () => '/admin/keys'],
    [/^Revoke key/, () => '/admin/keys'],
    ['Disable user', () => `/admin/users/${userId}`],
    ['New API', () => '/admin/apis'],
    ['Delete API', () => `/admin/apis/${apiId}`],
    ['New role', () => '/admin/roles'],
    ['New client', () => '/admin/clients']
  ])('the dialog of %s', (button, path) => ask(path(), button))

  test('the dialog of a session that has ended, and the notice of another user', async () => {
    await ask('/admin/clients', 'New client')
    await page.getByLabel('Client id').fill('typed')
    await endSessionsOf(admin(fixture.trio))
    await page.evaluate(() => window.dispatchEvent(new Event('focus')))
    const again = page.getByRole('dialog', { name: 'Your session has ended' })
    await again.waitFor()
    expect(await problemsOf(page)).toEqual([])
    await again.getByRole('textbox', { name: 'Username' }).fill(margaret.username)
    await again.getByLabel('Password', { exact: true }).fill(margaret.password)
    await again.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This browser is signed in as').waitFor()
    expect(await problemsOf(page)).toEqual([])
  })

  let isSignedIn = false
  async function beSignedIn(): Promise<void> {
    if (isSignedIn) return
    await openAccountOf(page, admin(fixture.trio))
    isSignedIn = isOpen = true
  }
})
