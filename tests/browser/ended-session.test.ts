import { send, signIn } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  admin,
  expectSignedOut,
  type Fixture,
  hasBrowser,
  newPerson,
  openFixture,
  type Person,
  registerOnPage,
  signInOnPage
} from './fixture.ts'

describe.skipIf(!hasBrowser)('a session that ends while a form is filled in', () => {
  let fixture: Fixture

  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture?.close())

  const endSessionsOf = async (person: Person) => {
    const { access_token: token } = await signIn(fixture.trio.auth.url, person)
    const { status } = await send(`${fixture.trio.auth.url}/auth/logout-all`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` }
    })
    expect(status).toBe(204)
  }
  const again = (page: Page) => page.getByRole('dialog', { name: 'Your session has ended' })
  const signInAgain = async (page: Page, { username, password }: Person) => {
    await again(page).getByRole('textbox', { name: 'Username' }).fill(username)
    await again(page).getByLabel('Password', { exact: true }).fill(password)
    await again(page).getByRole('button', { name: 'Sign in' }).click()
    await again(page).waitFor({ state: 'detached' })
  }
  /** An admin whose session has ended, as the response to a new client shows. */
  const endedOverNewClient = async () => {
    const { page } = await fixture.visit()
    await signInOnPage(page, admin(fixture.trio))
    await page.goto('/admin/clients')
    await page.getByRole('button', { name: 'New client' }).click()
    const clientId = `typed-${Date.now()}`
    await page.getByLabel('Client id').fill(clientId)
    await page.getByLabel('Name (optional)').fill('A long name')
    await page.getByLabel('How it authenticates itself').selectOption('client_secret_basic')
    await page
      .getByLabel(/audience/i)
      .first()
      .fill('urn:api')
    await page.keyboard.press('Enter')
    await endSessionsOf(admin(fixture.trio))
    await page.getByRole('button', { name: 'Create client' }).click()
    await again(page).waitFor()
    return { page, clientId }
  }

  test('the user signs in above the form, and the form is sent as typed', async () => {
    const { page, clientId } = await endedOverNewClient()
    expect(await again(page).getByRole('textbox', { name: 'Username' }).inputValue()).toBe('admin')
    await page.keyboard.press('Escape')
    await signInAgain(page, admin(fixture.trio))
    expect(await page.getByLabel('Client id').inputValue()).toBe(clientId)
    expect(await page.getByLabel('Name (optional)').inputValue()).toBe('A long name')
    await page.getByRole('button', { name: 'Create client' }).click()
    await page.getByText(`The client ${clientId} is registered.`).waitFor()
    expect(fixture.complaints).toEqual([])
  })

  test('another user who signs in there gets pages of their own, and the form is dropped', async () => {
    const bob = newPerson('bob')
    const other = await fixture.visit()
    await registerOnPage(other.page, bob)
    const { page } = await endedOverNewClient()
    await signInAgain(page, bob)
    await page.getByRole('heading', { level: 1, name: 'Administrators only' }).waitFor()
    await page.getByText(`This browser is signed in as ${bob.username} now.`).waitFor()
    expect(await page.getByLabel('Client id').count()).toBe(0)
  })

  test('the person may leave instead; and a page without a form goes to the sign-in page at once', async () => {
    const { page } = await fixture.visit()
    const person = newPerson()
    await registerOnPage(page, person)
    await page.getByLabel('Current password', { exact: true }).fill(person.password)
    await endSessionsOf(person)
    await page.evaluate(() => window.dispatchEvent(new Event('focus')))
    await again(page).getByRole('button', { name: 'Leave this page' }).click()
    await expectSignedOut(page)
    await page.getByText('Your session has ended. Sign in again.').waitFor()
    await signInOnPage(page, person)
    await endSessionsOf(person)
    await page.evaluate(() => window.dispatchEvent(new Event('focus')))
    await expectSignedOut(page)
  })
})
