import { query } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  expectSignedOut,
  type Fixture,
  hasBrowser,
  newPerson,
  openFixture,
  openNewAccount,
  type Person,
  registerOnPage,
  registerWithoutForm,
  signInWithoutForm,
  untilComplete
} from './fixture.ts'

const signOut = async (page: Page) => {
  await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click()
  await expectSignedOut(page)
}

const shows = (page: Page, { username }: Person) =>
  page.getByRole('banner').getByText(username).first().waitFor({ timeout: 20_000 })

describe.skipIf(!hasBrowser)('tabs of one browser', () => {
  let fixture: Fixture

  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture?.close())

  const twoTabs = async () => {
    const { page: first, context } = await fixture.visit()
    const alice = newPerson('alice')
    await openNewAccount(first, alice)
    const second = await context.newPage()
    await second.goto('/')
    await shows(second, alice)
    return { alice, first, second }
  }
  const passwordHash = async ({ username }: Person) =>
    (await query(fixture.database.url, 'SELECT password_hash FROM users WHERE username = $1', [username]))[0]

  test('a sign-out in one tab signs out the other at once', async () => {
    const { first, second } = await twoTabs()
    await signOut(second)
    await expectSignedOut(first)
    expect(fixture.complaints).toEqual([])
  })

  test('a sign-in as another user in one tab shows that user in the other at once', async () => {
    const { first, second } = await twoTabs()
    const bob = newPerson('bob')
    await signOut(second)
    await registerOnPage(second, bob)
    await shows(first, bob)
    await expect.poll(() => first.locator('input[name=username]').inputValue()).toBe(bob.username)
    await first.getByRole('main').getByText(bob.username).first().waitFor()
    expect(fixture.complaints).toEqual([])
  })

  test('a tab that got no message checks again when the user returns to it', async () => {
    const { first, second } = await twoTabs()
    const bob = newPerson('bob')
    // Cookies of another user, without a tab that tells of them.
    const other = await fixture.visit()
    await registerWithoutForm(other.page, bob)
    await first.context().addCookies(await other.context.cookies())
    await first.evaluate(() => window.dispatchEvent(new Event('focus')))
    await shows(first, bob)
    await first.getByText(`This browser is signed in as ${bob.username} now.`).waitFor()
    await second.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await shows(second, bob)
  })

  test('a form of a tab that shows another user is refused, changes nothing, and the tab shows the present user', async () => {
    const { first } = await twoTabs()
    const bob = newPerson('bob')
    const other = await fixture.visit()
    await registerWithoutForm(other.page, bob)
    const before = await passwordHash(bob)
    await first.getByLabel('Current password', { exact: true }).fill(bob.password)
    await first.getByLabel('New password', { exact: true }).fill('an entirely other password')
    await first.context().addCookies(await other.context.cookies())
    const responded = first.waitForResponse(`${fixture.url}/account/auth/password`)
    await first.getByLabel('New password', { exact: true }).press('Enter')
    const response = await responded
    expect([response.status(), await response.json()]).toMatchObject([409, { error: 'session_changed' }])
    await shows(first, bob)
    await first.getByText(`This browser is signed in as ${bob.username} now.`).waitFor()
    expect(await first.getByLabel('New password', { exact: true }).inputValue()).toBe('')
    expect(await passwordHash(bob)).toEqual(before)
  })

  test('after the same user signs in again in another tab, this one keeps working', async () => {
    const { alice, first } = await twoTabs()
    const other = await fixture.visit()
    await signInWithoutForm(other.page, alice)
    await first.getByLabel('Current password', { exact: true }).fill(alice.password)
    await first.context().addCookies(await other.context.cookies())
    const responded = first.waitForResponse('**/bff/session')
    await first.evaluate(() => window.dispatchEvent(new Event('focus')))
    await responded
    await untilComplete(first)
    expect(await first.getByLabel('Current password', { exact: true }).inputValue()).toBe(alice.password)
  })
})
