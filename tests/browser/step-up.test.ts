import { setTimeout as delay } from 'node:timers/promises'
import { query } from '@countersign/testing/trio'
import type { BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { admin, createAccount, type Fixture, hasBrowser, openFixture, sessionOf, signInWithoutForm } from './fixture.ts'
import { problemsOf, show, ways } from './fixtures/accessibility.ts'

describe.skipIf(!hasBrowser || !inject('docker'))('a change that needs a recent sign-in', () => {
  let fixture: Fixture
  /** They age side by side. */
  const tests = 2
  const aged: Awaited<ReturnType<typeof openAgedSession>>[] = []

  beforeAll(async () => {
    // The bff-service gets another access token, by the aged session, before the first one expires.
    fixture = await openFixture({ env: { ACCESS_TOKEN_TTL_SECONDS: '30' } })
    for (let i = 0; i < tests; i++) aged.push(await openAgedSession())
    await delay(30_000)
  })
  afterAll(() => fixture?.close())

  /** An admin in a browser, in a session that is no longer recent, and somebody to be changed. */
  async function openAgedSession() {
    const person = await createAccount(fixture.trio.auth.url)
    const { page, context } = await fixture.visit()
    await signInWithoutForm(page, admin(fixture.trio))
    const { user_id: adminId, session_id: sessionId } = await sessionOf(page)
    const anHourAgo = "UPDATE refresh_token_families SET authenticated_at = now() - interval '1 hour' WHERE id = $1"
    await query(fixture.database.url, anHourAgo, [sessionId])
    return { page, context, person, adminId, sessionId }
  }

  async function openRefusedChange() {
    const session = aged.pop()
    if (!session) throw new Error('each test needs an aged session of its own')
    const { page, person } = session
    await page.goto('/admin/users')
    await page.getByLabel('Search by username').fill(person.username)
    await page.getByRole('link', { name: person.username }).click()
    await page.getByRole('button', { name: 'Disable user' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click()
    const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await dialog.waitFor()
    return { ...session, dialog }
  }

  const sessionCookiesOf = async (context: BrowserContext) =>
    (await context.cookies(fixture.url)).filter(({ name }) => name.endsWith('sid'))

  test('asks for the password above the dialog, makes the change, and goes on in a new session', async () => {
    const { page, context, dialog, person, adminId, sessionId } = await openRefusedChange()
    expect(await problemsOf(page)).toEqual([])
    if (process.env.SCREENSHOTS_TO) {
      for (const way of ways) {
        await show(page, way)
        await page.screenshot({ path: `${process.env.SCREENSHOTS_TO}/step-up-${way.name.replaceAll(' ', '-')}.png` })
      }
    }
    await show(page, ways[0])
    const [cookie] = await sessionCookiesOf(context)
    expect(await page.evaluate(() => document.activeElement?.getAttribute('autocomplete'))).toBe('current-password')
    await page.keyboard.type('not the password')
    await page.keyboard.press('Enter')
    await dialog.getByText('The password is wrong.').waitFor()
    await dialog.getByLabel('Password', { exact: true }).fill(admin(fixture.trio).password)
    await dialog.getByRole('button', { name: 'Confirm' }).click()
    await page.getByRole('button', { name: 'Enable user' }).waitFor()
    const [row] = await query<{ disabled_at: Date | null }>(
      fixture.database.url,
      'SELECT disabled_at FROM users WHERE username = $1',
      [person.username]
    )
    expect(row?.disabled_at).not.toBeNull()
    const now = await page.evaluate(async () => (await fetch('/bff/session')).json())
    expect(now.user_id).toBe(adminId)
    expect(now.session_id).not.toBe(sessionId)
    expect((await sessionCookiesOf(context)).map(({ value }) => value)).not.toContain(cookie?.value)
    const former = await fetch(`${fixture.url}/bff/session`, {
      headers: { Cookie: `${cookie?.name}=${cookie?.value}`, 'Sec-Fetch-Site': 'same-origin' }
    })
    expect(former.status).toBe(401)
  }, 90_000)

  test('escape changes nothing, and leaves the dialog under it as it was', async () => {
    const { page, dialog, person } = await openRefusedChange()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('dialog').getByText('Nothing was changed.').waitFor()
    const [row] = await query<{ disabled_at: Date | null }>(
      fixture.database.url,
      'SELECT disabled_at FROM users WHERE username = $1',
      [person.username]
    )
    expect(row?.disabled_at).toBeNull()
    // Asked again, and confirmed this time.
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click()
    await dialog.getByLabel('Password', { exact: true }).fill(admin(fixture.trio).password)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Enable user' }).waitFor()
  }, 90_000)

  test('nothing was complained of', () => {
    expect(fixture.complaints).toEqual([])
  })
})
