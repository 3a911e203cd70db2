import { basic, postForm, usedSecrets } from '@countersign/testing/trio'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  admin,
  type Fixture,
  hasBrowser,
  newPerson,
  openFixture,
  openNewAccount,
  type Person,
  signInWithoutForm
} from './fixture.ts'

/** What the services say to programs, and no page to people. */
const ownTerms =
  /see issues|request body|The request has|this route|Invalid URL|invalid_|_uri must|\b[a-z]+_[a-z_]+\b.*\bmust\b/i

const named = (page: Page | Locator, name: string) => page.getByRole('textbox', { name, exact: true })
const username = (page: Page) => named(page, 'Username')
const password = (page: Page, label = 'Password') => page.getByLabel(label, { exact: true })

/** Fills a field as password managers and browsers do, without an event. */
const setSilently = (field: Locator, value: string) =>
  field.evaluate((input, text) => {
    ;(input as HTMLInputElement).value = text
  }, value)

const textOfError = (field: Locator) =>
  field.evaluate((input) =>
    (input.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => document.getElementById(id)?.textContent ?? '')
      .join(' ')
  )

async function expectFirstError(field: Locator, sentence: RegExp): Promise<void> {
  const isFocused = () => field.evaluate((input) => input === document.activeElement)
  await expect.poll(isFocused, { timeout: 15_000 }).toBe(true)
  const isInView = () =>
    field.evaluate((input) => {
      const { top, bottom } = input.getBoundingClientRect()
      return top >= 0 && bottom <= window.innerHeight
    })
  await expect.poll(isInView).toBe(true)
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  expect(await textOfError(field)).toMatch(sentence)
}

const refusalOf = (path: string) => ({
  status: 400,
  contentType: 'application/json',
  body: JSON.stringify({
    error: 'invalid_request',
    error_description: 'The request has invalid fields: username.',
    issues: [{ path, message: 'Invalid URL' }]
  })
})

/** Lets the next request through, and loses its response. */
async function loseResponse(page: Page, path: string, times = 1): Promise<() => number> {
  let lost = 0
  await page.route(`**${path}`, async (route) => {
    if (route.request().method() !== 'POST' || lost >= times) return route.fallback()
    lost++
    await route.fetch()
    await route.abort()
  })
  return () => lost
}

/** With the transitions that other suites leave out. */
const small = { viewport: { width: 360, height: 640 }, reducedMotion: 'no-preference' } as const

describe.skipIf(!hasBrowser)('the forms of the pages', () => {
  let fixture: Fixture
  let office: Page

  beforeAll(async () => {
    fixture = await openFixture()
    office = (await fixture.visit(small)).page
    await signInWithoutForm(office, admin(fixture.trio))
  })
  afterAll(() => fixture?.close())

  const visit = async () => (await fixture.visit(small)).page
  const openNewClient = async (id: string) => {
    await office.goto('/admin/clients')
    await office.getByRole('button', { name: 'New client' }).click()
    const dialog = office.getByRole('dialog')
    await dialog.getByLabel('How it authenticates itself').selectOption({ value: 'client_secret_basic' })
    await named(dialog, 'Client id').fill(id)
    return dialog
  }
  const create = (dialog: Locator) => dialog.getByRole('button', { name: 'Create client' }).click()
  const addAudience = async (dialog: Locator, text: string) => {
    await dialog.getByLabel('Audiences').fill(text)
    await dialog.getByLabel('Audiences').press('Enter')
  }

  describe('show each problem at its field, in plain words', () => {
    test('an empty form: the first field in error has the focus and is in view', async () => {
      await office.goto('/admin/clients')
      await office.getByRole('button', { name: 'New client' }).click()
      const dialog = office.getByRole('dialog')
      await create(dialog)
      await expectFirstError(named(dialog, 'Client id'), /Use 1 to 64 of A-Z/)
      const page = await visit()
      await page.goto('/register')
      await page.getByRole('button', { name: 'Create account' }).click()
      await expectFirstError(username(page), /Choose a username/)
    })

    test('a group without a choice is a first field in error too', async () => {
      const dialog = await openNewClient('no-grants')
      await dialog.getByLabel('Client credentials').uncheck()
      await create(dialog)
      const box = dialog.getByLabel('Client credentials')
      await expect.poll(() => box.evaluate((input) => input === document.activeElement)).toBe(true)
      await dialog.getByText(/Choose client credentials or token exchange/).waitFor()
    })

    test('a bad audience, which only the issuer can reject', async () => {
      const dialog = await openNewClient('bad-audience')
      await addAudience(dialog, 'https://api.example.com/#fragment')
      await create(dialog)
      await expectFirstError(dialog.getByLabel('Audiences'), /“https:\/\/api\.example\.com\/#fragment” cannot be used/)
      expect(await dialog.innerText()).not.toMatch(ownTerms)
    })

    test('an exchange rule: what is wrong stands at its field, and a valid one is kept when another field changes', async () => {
      const dialog = await openNewClient('exchanges')
      await dialog.getByLabel('Client credentials').uncheck()
      await dialog.getByLabel('Token exchange').check()
      for (const [label, text] of [
        ['Resources', 'https://orders.example'],
        ['May act for', 'countersign']
      ] as const) {
        await dialog.getByLabel(label).fill(text)
        await dialog.getByLabel(label).press('Enter')
      }
      await dialog.getByRole('button', { name: 'Add rule' }).click()
      const rule = dialog.getByRole('group', { name: 'Rule 1' })
      await named(rule, 'From the API').fill('https://another.example')
      await create(dialog)
      await expectFirstError(named(rule, 'From the API'), /one of the resources of this client/)
      await named(rule, 'From the API').fill('https://orders.example')
      await named(rule, 'To the API').fill('https://stock.example/#fragment')
      await rule.getByLabel('With the scopes').fill('stock:read')
      await rule.getByLabel('With the scopes').press('Enter')
      await create(dialog)
      await expectFirstError(named(rule, 'To the API'), /Name another API/)
      expect(await dialog.innerText()).not.toMatch(ownTerms)
      await named(rule, 'To the API').fill('https://stock.example')
      await create(dialog)
      usedSecrets.add(await dialog.getByLabel('Client secret').inputValue())

      await office.goto('/admin/clients/exchanges')
      await named(office, 'Name').fill('Exchanges tokens')
      const sent = office.waitForRequest((request) => request.method() === 'PATCH')
      await office.getByRole('button', { name: 'Save client' }).click()
      expect((await sent).postDataJSON()).toEqual({ name: 'Exchanges tokens' })
      await office.getByText('The client exchanges is saved.').waitFor()
      await named(office, 'With the scope (optional)').fill('orders:write')
      const changed = office.waitForResponse((response) => response.request().method() === 'PATCH')
      await office.getByRole('button', { name: 'Save client' }).click()
      expect(await (await changed).json()).toMatchObject({
        exchange_rules: [
          { from: 'https://orders.example', scope: 'orders:write', to: 'https://stock.example', scopes: ['stock:read'] }
        ]
      })
    })

    test('a private key is refused before it is sent', async () => {
      const dialog = await openNewClient('private-key')
      await dialog.getByLabel('How it authenticates itself').selectOption({ value: 'private_key_jwt' })
      let isSent = false
      office.on('request', (request) => {
        isSent ||= request.postData()?.includes('"crv"') ?? false
      })
      const keys = dialog.getByLabel('Public keys (JWKS)')
      await keys.fill('{"keys":[{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"c"}]}')
      await create(dialog)
      await expectFirstError(keys, /private key/)
      expect(isSent).toBe(false)
    })

    test('what the issuer refuses of a name, a password or a role', async () => {
      const page = await visit()
      await page.goto('/register')
      await username(page).fill('no spaces allowed')
      await password(page).fill('password123')
      await page.getByRole('button', { name: 'Create account' }).click()
      await expectFirstError(username(page), /1 to 64 letters/)
      await username(page).fill(newPerson().username)
      await page.getByRole('button', { name: 'Create account' }).click()
      await expectFirstError(password(page), /most used/)
      expect(await page.locator('main').innerText()).not.toMatch(ownTerms)
    })

    test('whatever path the issuer names, its own message is not shown', async () => {
      const page = await visit()
      let path = ''
      await page.route('**/bff/registration', (route) =>
        route.request().method() === 'POST' ? route.fulfill(refusalOf(path)) : route.fallback()
      )
      await page.goto('/register')
      await username(page).fill(newPerson().username)
      await password(page).fill(newPerson().password)
      for (path of ['what.is.this', 'username', 'roles.0', 'password', 'audiences.0', '']) {
        const refused = page.waitForResponse('**/bff/registration')
        await page.getByRole('button', { name: 'Create account' }).click()
        await refused
        const isField = ['username', 'password'].includes(path)
        await page
          .locator(isField ? '[aria-invalid=true]' : '[role=alert]')
          .first()
          .waitFor()
        expect(await page.locator('body').innerText()).not.toMatch(ownTerms)
        expect(await page.getByRole('alert').count()).toBe(isField ? 0 : 1)
      }
    })
  })

  describe('read fields that were filled without an event', () => {
    test('sign-in, registration, and a new password', async () => {
      const page = await visit()
      const person = newPerson()
      await page.goto('/register')
      await username(page).waitFor()
      await setSilently(username(page), person.username)
      await setSilently(password(page), person.password)
      await page.getByRole('button', { name: 'Create account' }).click()
      await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()

      const next = newPerson().password
      await setSilently(password(page, 'Current password'), person.password)
      await setSilently(password(page, 'New password'), next)
      await page.getByRole('button', { name: 'Change password' }).click()
      await page.getByText('Your password is changed.').waitFor()

      await page.context().clearCookies()
      await page.goto('/sign-in')
      await username(page).waitFor()
      await setSilently(username(page), person.username)
      await setSilently(password(page), next)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
    })

    test('a new client, the reason of a rotation, the filter of the audit log', async () => {
      const dialog = await openNewClient('first')
      await addAudience(dialog, 'https://api.example.com')
      await setSilently(named(dialog, 'Client id'), 'silent')
      await setSilently(named(dialog, 'Name (optional)'), 'Silently filled')
      await dialog.getByLabel('Client credentials').uncheck()
      await dialog.getByLabel('Client credentials').check()
      await create(dialog)
      usedSecrets.add(await dialog.getByLabel('Client secret').inputValue())
      await office.goto('/admin/clients/silent')
      await office.getByText('Silently filled').first().waitFor()
      await setSilently(named(office, 'Name'), 'Renamed')
      await office.getByRole('button', { name: 'Save client' }).click()
      await office.getByText('Renamed').first().waitFor()

      await office.goto('/admin/keys')
      await office.getByRole('button', { name: 'Rotate now' }).click()
      await setSilently(office.getByLabel('Reason (optional)'), 'filled silently')
      const sent = office.waitForRequest('**/account/admin/keys/rotate')
      await office.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
      expect((await sent).postDataJSON()).toEqual({ reason: 'filled silently' })

      await office.goto('/admin/audit')
      await setSilently(username(office), 'admin')
      await office.getByRole('button', { name: 'Apply' }).click()
      await expect.poll(() => office.url()).toContain('username=admin')
    })
  })

  describe('find out what happened when a response is lost', () => {
    const submitTwice = async (page: Page, button: string) => {
      await page.getByRole('button', { name: button }).click()
      await page.getByText('The server did not respond.').waitFor()
      await page.getByRole('button', { name: button }).click()
    }
    const fillRegistration = async (page: Page, person: Person) => {
      await page.goto('/register')
      await username(page).fill(person.username)
      await password(page).fill(person.password)
    }

    test('registration: the same name and password sign in', async () => {
      const page = await visit()
      await fillRegistration(page, newPerson())
      await loseResponse(page, '/bff/registration')
      await submitTwice(page, 'Create account')
      await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
    })

    test('registration: another password does not, and the name is taken indeed', async () => {
      const page = await visit()
      const person = newPerson()
      await fillRegistration(page, person)
      await loseResponse(page, '/bff/registration')
      await page.getByRole('button', { name: 'Create account' }).click()
      await page.getByText('The server did not respond.').waitFor()
      await password(page).fill(newPerson().password)
      await page.getByRole('button', { name: 'Create account' }).click()
      await expectFirstError(username(page), /This username is taken/)
    })

    test('password: the new one proves that it is changed, also when the person chose another one meanwhile', async () => {
      const page = await visit()
      const person = newPerson()
      await openNewAccount(page, person)
      const [second, third] = [newPerson().password, newPerson().password]
      await loseResponse(page, '/account/auth/password', 2)
      await password(page, 'Current password').fill(person.password)
      await password(page, 'New password').fill(second)
      await submitTwice(page, 'Change password')
      // The second response was the refusal of the former password, and was lost too.
      await page.getByText('The server did not respond.').waitFor()
      await password(page, 'New password').fill(third)
      await page.getByRole('button', { name: 'Change password' }).click()
      await page.getByText('Your password is changed.').waitFor()
      await page.context().clearCookies()
      await signInWithoutForm(page, { ...person, password: third })
    })

    test('password: if nothing was changed, a wrong one is reported as wrong', async () => {
      const page = await visit()
      await openNewAccount(page, newPerson())
      await page.route('**/account/auth/password', (route) => route.abort(), { times: 1 })
      await password(page, 'Current password').fill('certainly not this one')
      usedSecrets.add('certainly not this one')
      await password(page, 'New password').fill(newPerson().password)
      await submitTwice(page, 'Change password')
      await expectFirstError(password(page, 'Current password'), /This is not your current password/)
    })

    test('client: it is found, and its lost secret is replaced', async () => {
      const dialog = await openNewClient('lost-response')
      await addAudience(dialog, 'https://api.example.com')
      await loseResponse(office, '/account/admin/clients')
      await create(dialog)
      await dialog.getByText('The server did not respond.').waitFor()
      await create(dialog)
      await dialog.getByText(/is registered, but the response with its secret was lost/).waitFor()
      await dialog.getByRole('button', { name: 'Create a new secret' }).click()
      const secret = await dialog.getByLabel('Client secret').inputValue()
      usedSecrets.add(secret)
      expect(secret.length).toBeGreaterThan(30)
      await office.unrouteAll()
    })

    test('secret: a lost one is replaced, and the one in use stays valid', async () => {
      const dialog = await openNewClient('lost-second-secret')
      await addAudience(dialog, 'https://api.example.com')
      await create(dialog)
      const secretIn = async (place: Page | Locator) => {
        const secret = await place.getByLabel('Client secret').inputValue()
        usedSecrets.add(secret)
        return secret
      }
      const first = await secretIn(dialog)
      await office.goto('/admin/clients/lost-second-secret')
      const lost = await loseResponse(office, '/account/admin/clients/lost-second-secret/secrets', 2)
      for (const count of [1, 2]) {
        await office.getByRole('button', { name: 'New secret' }).click()
        await expect.poll(lost).toBe(count)
      }
      await office.getByRole('button', { name: 'New secret' }).click()
      const second = await secretIn(office.getByRole('dialog'))
      for (const secret of [first, second]) {
        const response = await postForm(
          `${fixture.trio.auth.url}/oauth/token`,
          { grant_type: 'client_credentials' },
          basic('lost-second-secret', secret)
        )
        expect(response.status).toBe(200)
      }
      await office.unrouteAll()
    })

    test('client: one with this id and other contents is another client', async () => {
      const dialog = await openNewClient('lost-response')
      await addAudience(dialog, 'https://other.example.com')
      await office.route('**/account/admin/clients', (route) =>
        route.request().method() === 'POST' ? route.abort() : route.fallback()
      )
      await create(dialog)
      await dialog.getByText('The server did not respond.').waitFor()
      await office.unrouteAll()
      await create(dialog)
      await expectFirstError(named(dialog, 'Client id'), /There is a client with this id/)
    })
  })

  test('no page of all these has broken its policy or thrown', () => {
    expect(fixture.complaints.filter((text) => !text.includes('net::ERR_FAILED'))).toEqual([])
  })
})
