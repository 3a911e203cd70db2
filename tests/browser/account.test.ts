import { readFileSync } from 'node:fs'
import { usedSecrets } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createAccount,
  expectSignedOut,
  expectSignedOutAtClick,
  type Fixture,
  hasBrowser,
  newPerson,
  openAccount,
  openAccountOf,
  openFixture,
  openNewAccount,
  registerOnPage,
  registerWithoutForm,
  signInWithoutForm
} from './fixture.ts'

describe.skipIf(!hasBrowser)('an account in the browser', () => {
  let fixture: Fixture

  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture?.close())

  const newAccount = () => createAccount(fixture.trio.auth.url)

  test('register, sign out and sign in again with only the keyboard', async () => {
    const { page } = await fixture.visit()
    const person = newPerson()
    await registerOnPage(page, person)
    expect(await page.getByRole('banner').getByText(person.username).first().isVisible()).toBe(true)
    await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).press('Enter')
    await expectSignedOut(page)
    await page.getByRole('textbox', { name: 'Username' }).press('Control+A')
    await page.keyboard.type(person.username)
    await page.keyboard.press('Tab')
    await page.keyboard.type(person.password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
    expect(fixture.complaints).toEqual([])
  })

  test('a user without a session signs in and gets the requested page; a page of another site is not followed', async () => {
    const { page } = await fixture.visit()
    const person = await newAccount()
    await page.goto('/sign-in?return=//evil.example/')
    await page.getByRole('textbox', { name: 'Username' }).fill(person.username)
    await page.getByLabel('Password', { exact: true }).fill(person.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
    expect(page.url()).toBe(`${fixture.url}/`)
  })

  test('a user changes the display name, and removes it', async () => {
    const { page } = await fixture.visit()
    await openNewAccount(page, newPerson())
    const profile = page.getByRole('region', { name: 'Profile' })
    const dialog = page.getByRole('dialog')
    const change = async (name: string) => {
      await page.getByRole('button', { name: 'Change display name' }).click()
      await dialog.getByRole('textbox', { name: 'Display name' }).fill(name)
      await page.keyboard.press('Enter')
    }
    await change('x'.repeat(65))
    await dialog.getByText('Use at most 64 characters, without control characters.').waitFor()
    await dialog.getByRole('textbox', { name: 'Display name' }).fill('Ada Lovelace ')
    await page.keyboard.press('Enter')
    await page.getByText('Your display name is changed.').waitFor()
    await profile.getByText('Ada Lovelace', { exact: true }).waitFor()
    await change('')
    await profile.getByText('Ada Lovelace', { exact: true }).waitFor({ state: 'detached' })
  })

  test('a user changes the name', async () => {
    const { page } = await fixture.visit()
    const [person, other] = [newPerson(), await newAccount()]
    await openNewAccount(page, person)
    await page.getByRole('button', { name: 'Change username' }).click()
    const dialog = page.getByRole('dialog')
    const change = async (username: string) => {
      await dialog.getByRole('textbox', { name: 'New username' }).fill(username)
      await dialog.getByRole('button', { name: 'Change username' }).click()
    }
    await change(other.username)
    await dialog.getByText('This username is taken. Choose another one.').waitFor()
    const username = `${person.username}-new`
    await change(username)
    await page.getByText(`Your username is ${username} now.`).waitFor()
    await page.getByRole('region', { name: 'Profile' }).getByText(username).waitFor()
    await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click()
    await expectSignedOut(page)
    await signInWithoutForm(page, { ...person, username })
  })

  test('a user downloads a file with what is kept about the account', async () => {
    const { page } = await fixture.visit()
    const person = newPerson()
    await openNewAccount(page, person)
    const downloads = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download your data' }).click()
    const download = await downloads
    expect(download.suggestedFilename()).toBe('account-data.json')
    const file = JSON.parse(readFileSync(await download.path(), 'utf8'))
    expect(file.profile).toMatchObject({ username: person.username })
    expect(file.events.length).toBeGreaterThan(0)
  })

  test('a wrong password shows a message, keeps the name, and the next try works', async () => {
    const { page } = await fixture.visit()
    const person = await newAccount()
    await page.goto('/sign-in')
    const wrong = 'not my password'
    usedSecrets.add(wrong)
    await page.getByRole('textbox', { name: 'Username' }).fill(person.username)
    await page.getByLabel('Password', { exact: true }).fill(wrong)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').first().waitFor()
    expect(await page.getByRole('alert').first().innerText()).toMatch(/wrong/i)
    expect(await page.getByRole('textbox', { name: 'Username' }).inputValue()).toBe(person.username)
    await page.getByLabel('Password', { exact: true }).fill(person.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
  })

  test('a problem with a new account is shown at its field', async () => {
    const { page } = await fixture.visit()
    await page.goto('/register')
    await page.getByRole('textbox', { name: 'Username' }).fill('no spaces allowed')
    await page.getByLabel('Password', { exact: true }).fill('password123')
    await page.getByRole('button', { name: 'Create account' }).click()
    const username = page.getByRole('textbox', { name: 'Username' })
    await expect.poll(() => username.getAttribute('aria-invalid')).toBe('true')
    const described = (await username.getAttribute('aria-describedby')) ?? ''
    const texts = await Promise.all(
      described
        .split(' ')
        .filter(Boolean)
        .map((id) => page.locator(`[id="${id}"]`).innerText())
    )
    expect(texts.join(' ')).not.toBe('')
  })

  test('password managers and paste find what they need', async () => {
    const { page } = await fixture.visit()
    await page.goto('/sign-in')
    const fields = { Username: 'username webauthn', Password: 'current-password' }
    for (const [label, autocomplete] of Object.entries(fields)) {
      const field = page.getByLabel(label, { exact: true })
      expect(await field.getAttribute('autocomplete')).toBe(autocomplete)
      const isPrevented = await field.evaluate((input) => {
        const paste = new ClipboardEvent('paste', {
          bubbles: true,
          cancelable: true,
          clipboardData: new DataTransfer()
        })
        return !input.dispatchEvent(paste)
      })
      expect(isPrevented).toBe(false)
    }
    await page.goto('/register')
    expect(await page.getByLabel('Password', { exact: true }).getAttribute('autocomplete')).toBe('new-password')
  })

  test('ends another session, which is out at its next click', async () => {
    const [here, there] = [
      await fixture.visit(),
      await fixture.visit({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' })
    ]
    const person = newPerson()
    await registerWithoutForm(here.page, person)
    await openAccountOf(there.page, person)
    await openAccount(here.page)
    await here.page.getByText('This browser').waitFor()
    const end = here.page.getByRole('button', { name: /^End session: Firefox on Linux, 127\.0\.0\.1/ })
    await end.click()
    await end.waitFor({ state: 'detached' })
    await expectSignedOutAtClick(there.page)
    await there.page.getByText('Your session has ended. Sign in again.').waitFor()
    await here.page.reload()
    await here.page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
  })

  test('ends all other sessions', async () => {
    const [here, there] = [await fixture.visit(), await fixture.visit()]
    const person = newPerson()
    await registerWithoutForm(here.page, person)
    await openAccountOf(there.page, person)
    await openAccount(here.page)
    await here.page.getByRole('button', { name: 'End all other sessions' }).click()
    await here.page.getByRole('dialog').getByRole('button', { name: 'End sessions' }).click()
    await here.page.getByText('All other sessions have ended.').first().waitFor()
    await expectSignedOutAtClick(there.page)
  })

  test('changes the password: a wrong one shows a message at its field, the right one ends the other sessions', async () => {
    const [here, there] = [await fixture.visit(), await fixture.visit()]
    const person = newPerson()
    await openNewAccount(here.page, person)
    await openAccountOf(there.page, person)
    const changed = { ...person, password: 'an entirely other password' }
    usedSecrets.add(changed.password)
    const current = here.page.getByLabel('Current password', { exact: true })
    await current.fill('certainly not this one')
    usedSecrets.add('certainly not this one')
    await here.page.getByLabel('New password', { exact: true }).fill(changed.password)
    await here.page.getByRole('button', { name: 'Change password' }).click()
    await expect.poll(() => current.getAttribute('aria-invalid')).toBe('true')
    await current.fill(person.password)
    await here.page.getByRole('button', { name: 'Change password' }).click()
    await here.page.getByText('Your password is changed. All other sessions have ended.').waitFor()
    await expectSignedOutAtClick(there.page)
    await signInWithoutForm(there.page, changed)
    expect(fixture.complaints).toEqual([])
  })
})
