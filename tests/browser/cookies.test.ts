import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findChromium, findLastingPort } from '@countersign/testing'
import { query, register, untilReady } from '@countersign/testing/trio'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import {
  type Fixture,
  hasBrowser,
  launchOptions,
  newPerson,
  openFixture,
  outliveNetworks,
  registerOnPage
} from './fixture.ts'

describe.skipIf(!hasBrowser)('cookies in the browser', () => {
  let fixture: Fixture

  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture?.close())

  const count = async (table: string) => (await query(fixture.database.url, `SELECT count(*) FROM ${table}`))[0]

  /** A browser whose settings block all cookies. */
  async function visitWithoutCookies() {
    const profile = mkdtempSync(join(tmpdir(), 'countersign-no-cookies-'))
    mkdirSync(join(profile, 'Default'))
    const settings = { profile: { default_content_setting_values: { cookies: 2 } } }
    writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(settings))
    const context = await chromium.launchPersistentContext(profile, {
      ...launchOptions,
      executablePath: findChromium({ hasSettings: true }) as string,
      baseURL: fixture.url
    })
    onTestFinished(async () => {
      await context.close()
      // Its processes may still write.
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    })
    outliveNetworks(context)
    return context.newPage()
  }

  test('when they are blocked, the sign-in says so, and leaves no session behind', async () => {
    const user = await register(fixture.trio.auth.url)
    const before = await count('refresh_token_families')
    const page = await visitWithoutCookies()
    await page.goto('/sign-in')
    await page.getByRole('textbox', { name: 'Username' }).fill(user.username)
    await page.getByLabel('Password', { exact: true }).fill(user.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Signing in needs cookies').waitFor()
    expect(await page.getByRole('textbox', { name: 'Username' }).inputValue()).toBe(user.username)
    expect(await count('refresh_token_families')).toEqual(before)
  })

  test('when they are blocked, no account is made that its owner could not enter', async () => {
    const before = await count('users')
    const page = await visitWithoutCookies()
    const person = newPerson()
    await page.goto('/register')
    await page.getByRole('textbox', { name: 'Username' }).fill(person.username)
    await page.getByLabel('Password', { exact: true }).fill(person.password)
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByText('Signing in needs cookies').waitFor()
    expect(await count('users')).toEqual(before)
  })

  test.runIf(inject('docker'))('two stacks on other ports of localhost keep their sessions side by side', async () => {
    const port = await findLastingPort()
    const otherUrl = `http://localhost:${port}`
    const other = await fixture.trio.startBff({ PUBLIC_URL: otherUrl, PORT: String(port) })
    onTestFinished(() => other.stop())
    await untilReady(other)
    const { page: first, context } = await fixture.visit()
    const [alice, bob] = [newPerson('alice'), newPerson('bob')]
    await registerOnPage(first, alice)
    const second = await context.newPage()
    await second.goto(`${otherUrl}/register`)
    await second.getByRole('textbox', { name: 'Username' }).fill(bob.username)
    await second.getByLabel('Password', { exact: true }).fill(bob.password)
    await second.getByRole('button', { name: 'Create account' }).click()
    for (const [page, { username }] of [
      [second, bob],
      [first, alice],
      [second, bob]
    ] as const) {
      await page.getByRole('banner').getByText(username).first().waitFor()
      await page.reload()
      await page.getByRole('banner').getByText(username).first().waitFor()
    }
  })
})
