import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { query } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  admin,
  type Fixture,
  hasBrowser,
  newPerson,
  openFixture,
  openNewAccount,
  registerWithoutForm,
  sessionOf
} from './fixture.ts'
import { problemsOf, show, ways } from './fixtures/accessibility.ts'

const run = promisify(execFile)
/** `SCREENSHOTS=1` renews the pictures of docs/second-factors.md. */
const takesScreenshots = process.env.SCREENSHOTS === '1'
const pictures = new Set(['set-up', 'recovery-codes', 'factor', 'enrolment', 'reset'])

/** What an authenticator app shows for the key on the page. */
async function codeOf(key: string, stepsFromNow = 0): Promise<string> {
  const at = new Date(Date.now() + stepsFromNow * 30_000).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')
  const { stdout } = await run('oathtool', ['--totp', '--base32', `--now=${at}`, key.replaceAll(' ', '')])
  return stdout.trim()
}

describe.skipIf(!hasBrowser || !inject('docker'))('second factors on the pages', () => {
  let fixture: Fixture

  beforeAll(async () => {
    fixture = await openFixture({ env: { SECOND_FACTOR: 'required-for-admins' } })
  })
  afterAll(() => fixture?.close())

  const keyOn = (page: Page) => page.getByRole('group', { name: 'Key' }).innerText()
  /** Lets the code of now be used again, as if time had gone by. */
  const forgetSteps = () => query(fixture.database.url, 'UPDATE totp_factors SET last_step = last_step - 10', [])

  async function look(page: Page, name: string) {
    expect(await problemsOf(page), name).toEqual([])
    if (process.env.SCREENSHOTS_TO) {
      for (const way of ways) {
        await show(page, way)
        await page.screenshot({
          path: `${process.env.SCREENSHOTS_TO}/${name}-${way.name.replaceAll(' ', '-')}.png`,
          fullPage: true
        })
      }
    }
    await show(page, ways[0])
    if (!takesScreenshots || !pictures.has(name)) return
    await page.screenshot({
      path: fileURLToPath(new URL(`../../docs/images/second-factor-${name}.png`, import.meta.url))
    })
  }

  async function enterPassword(page: Page, { username, password }: { username: string; password: string }) {
    await page.goto(`${fixture.url}/sign-in`)
    await page.getByLabel('Username').fill(username)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  async function signOut(page: Page) {
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  }

  test('an app is added, required, skipped on a trusted device, and replaced by a recovery code', async () => {
    const { page } = await fixture.visit()
    const person = newPerson()
    await openNewAccount(page, person)
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click()
    const dialog = page.getByRole('dialog', { name: 'Authenticator app' })
    await dialog.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor()
    await look(page, 'set-up')
    const key = await keyOn(page)
    await dialog.getByLabel('Code of the app').fill(await codeOf(key, 50))
    await page.keyboard.press('Enter')
    await dialog.getByText('This is not the code that the app shows now.').waitFor()
    const confirmation = await codeOf(key)
    await dialog.getByLabel('Code of the app').fill(confirmation)
    await page.keyboard.press('Enter')
    const codes = (await dialog.getByLabel('Recovery codes').innerText()).trim().split(/\s+/)
    expect(codes).toHaveLength(10)
    await look(page, 'recovery-codes')
    await dialog.getByRole('button', { name: 'I have saved them' }).click()
    await page.getByText('10 recovery codes are left.').waitFor()
    await look(page, 'account')

    await signOut(page)
    await enterPassword(page, person)
    await page.getByText('Your account has a second factor.').waitFor()
    await look(page, 'factor')
    // The code of the confirmation is used. By keyboard: the field has the focus.
    await page.keyboard.type(confirmation)
    await page.keyboard.press('Enter')
    await page.getByText('The code is wrong, or was used before.').waitFor()
    await forgetSteps()
    await page.getByLabel('Code of the app').fill(await codeOf(key))
    await page.getByLabel('Do not ask again on this device for 30 days').check()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('button', { name: 'Sign out' }).waitFor()

    await signOut(page)
    await enterPassword(page, person)
    await page.getByRole('button', { name: /^Forget / }).click()
    // What changes the account needs the factor all the same, and this does not.
    await page.getByText('This device is asked for the second factor again.').waitFor()

    await page.getByRole('button', { name: 'Create new recovery codes' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Create them' }).click()
    const stepUp = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await stepUp.getByLabel('Password', { exact: true }).fill(person.password)
    await stepUp.getByRole('button', { name: 'Confirm' }).click()
    await forgetSteps()
    await stepUp.getByLabel('Code of the app').fill(await codeOf(key))
    await look(page, 'step-up-factor')
    await stepUp.getByRole('button', { name: 'Continue' }).click()
    const renewed = page.getByRole('dialog', { name: 'New recovery codes' })
    const newCodes = (await renewed.getByLabel('Recovery codes').innerText()).trim().split(/\s+/)
    await renewed.getByRole('button', { name: 'I have saved them' }).click()

    await signOut(page)
    await enterPassword(page, person)
    await page.getByRole('button', { name: 'Use a recovery code instead' }).click()
    await page.getByLabel('Recovery code').fill(codes[0] as string)
    await page.keyboard.press('Enter')
    await page.getByText('This recovery code is wrong, or was used before.').waitFor()
    await page.getByLabel('Recovery code').fill(newCodes[0] as string)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
  }, 120_000)

  test('no script sees the flow, and another browser cannot go on with it', async () => {
    const { page, context } = await fixture.visit()
    const person = newPerson()
    await registerWithoutForm(page, person)
    const { user_id: id } = await sessionOf(page)
    await query(
      fixture.database.url,
      "INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, sha256('aaaaaaaaaaaaaaaaaaaaaaaa'))",
      [id]
    )
    await query(fixture.database.url, "INSERT INTO totp_factors (user_id, sealed_seed, last_step) VALUES ($1, '', 0)", [
      id
    ])
    await context.clearCookies()
    await enterPassword(page, person)
    await page.getByText('Your account has a second factor.').waitFor()
    const cookie = (await context.cookies(fixture.url)).find(({ name }) => name.includes('flow'))
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
    expect(await page.content()).not.toContain(cookie?.value)
    const show = (target: Page) =>
      target.evaluate(async () => {
        const response = await fetch('/bff/session/factor', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-countersign-csrf': '1' },
          body: JSON.stringify({ recovery_code: 'aaaa-aaaa-aaaa-aaaa-aaaa-aaaa' })
        })
        return response.status
      })
    for (const path of [
      '/bff/session',
      '/api/me',
      '/account/auth/me',
      '/account/auth/sessions',
      '/account/auth/me/second-factors',
      '/account/auth/me/passkeys',
      '/account/auth/me/data',
      '/account/admin/users'
    ]) {
      expect(await page.evaluate(async (one) => (await fetch(one)).status, path), path).toBe(401)
    }
    const { page: other } = await fixture.visit()
    await other.goto(`${fixture.url}/sign-in`)
    expect(await show(other)).toBe(404)
    expect(await show(page)).toBe(200)
  }, 60_000)

  test('an admin sets one up at the next sign-in, and removes that of a user who lost the phone', async () => {
    const { page } = await fixture.visit()
    await enterPassword(page, admin(fixture.trio))
    await page.getByText('This account has to have a second factor.').waitFor()
    await page.getByRole('button', { name: 'Set up the app' }).click()
    await look(page, 'enrolment')
    const key = await keyOn(page)
    await page.getByLabel('Code of the app').fill(await codeOf(key))
    await page.getByRole('button', { name: 'Add the app and sign in' }).click()
    await page.getByLabel('Recovery codes').waitFor()
    // The session has started, and the codes stay on the page all the same.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await page.getByRole('button', { name: 'I have saved them' }).click()
    await page.getByRole('button', { name: 'Sign out' }).waitFor()

    const { page: other } = await fixture.visit()
    const person = newPerson()
    await openNewAccount(other, person)
    await other.getByRole('button', { name: 'Set up an authenticator app' }).click()
    await other.getByLabel('Code of the app').fill(await codeOf(await keyOn(other)))
    await other.keyboard.press('Enter')
    await other.getByRole('button', { name: 'I have saved them' }).click()

    await page.goto(`${fixture.url}/admin/users`)
    await page.getByLabel('Search by username').fill(person.username)
    await page.getByRole('link', { name: person.username }).click()
    await page.getByRole('button', { name: 'Reset second factors' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).waitFor()
    await look(page, 'reset')
    await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click()
    await page.getByText(`${person.username} has no second factor any more.`).waitFor()
    await enterPassword(other, person)
    await other.getByRole('button', { name: 'Sign out' }).waitFor()
  }, 120_000)

  test('nothing was complained of', () => {
    expect(fixture.complaints).toEqual([])
  })
})
