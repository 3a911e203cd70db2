import { basic, get, postForm, query, usedSecrets } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  admin,
  createAccount,
  expectSignedOut,
  expectSignedOutAtClick,
  type Fixture,
  follow,
  hasBrowser,
  newPerson,
  openAccountOf,
  openFixture,
  openNewAccount,
  registerWithoutForm,
  signInWithoutForm,
  type Visitor
} from './fixture.ts'

describe.skipIf(!hasBrowser)('administration in the browser', () => {
  let fixture: Fixture
  let office: Visitor

  beforeAll(async () => {
    fixture = await openFixture()
    office = await fixture.visit()
    await signInWithoutForm(office.page, admin(fixture.trio))
    await office.page.goto('/admin/mail')
  })
  afterAll(() => fixture?.close())

  const openUser = async (username: string) => {
    await follow(office.page, '/admin/users')
    await office.page.getByLabel('Search by username').fill(username)
    await office.page.getByRole('link', { name: username }).click()
    await office.page.getByRole('heading', { level: 1, name: username }).waitFor()
  }
  const publishedKids = async () => {
    const { body } = await get<{ keys: { kid: string }[] }>(`${fixture.trio.auth.url}/.well-known/jwks.json`)
    return body.keys.map(({ kid }) => kid)
  }

  test('a disabled user is signed out at the next click, and cannot sign in until enabled', async () => {
    const visitor = await fixture.visit()
    const person = newPerson()
    await openNewAccount(visitor.page, person)
    await openUser(person.username)
    await office.page.getByRole('button', { name: 'Disable user' }).click()
    await office.page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click()
    await office.page.getByRole('button', { name: 'Enable user' }).waitFor()
    await expectSignedOutAtClick(visitor.page)
    await visitor.page.getByRole('textbox', { name: 'Username' }).fill(person.username)
    await visitor.page.getByLabel('Password', { exact: true }).fill(person.password)
    await visitor.page.getByRole('button', { name: 'Sign in' }).click()
    await visitor.page.getByRole('alert').first().waitFor()
    await office.page.getByRole('button', { name: 'Enable user' }).click()
    await office.page.getByRole('dialog').getByRole('button', { name: 'Enable' }).click()
    await office.page.getByRole('button', { name: 'Disable user' }).waitFor()
    await signInWithoutForm(visitor.page, person)
  })

  test('a display name of a user is set, refused when it is too long, and removed', async () => {
    const person = await createAccount(fixture.trio.auth.url)
    await openUser(person.username)
    const { page } = office
    const change = async (name: string) => {
      await page.getByRole('button', { name: 'Change display name' }).click()
      const dialog = page.getByRole('dialog', { name: `Change the display name of ${person.username}` })
      await dialog.getByRole('textbox', { name: 'Display name' }).fill(name)
      await dialog.getByRole('button', { name: 'Change display name' }).click()
      return dialog
    }
    const dialog = await change('x'.repeat(65))
    await dialog.getByText('Use at most 64 characters').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await change(' Ada L. ')
    await page.getByText(`The display name of ${person.username} is changed.`).waitFor()
    await page.getByText('Ada L.', { exact: true }).waitFor()
    await change('')
    await page.getByText('Ada L.', { exact: true }).waitFor({ state: 'detached' })
  })

  test('mail that was given up is listed with its reason, and sent again unless its link is gone', async () => {
    const dead = `INSERT INTO mail_outbox
      (id, recipient, template, language, parameters, has_secret, message_id, give_up_at, attempts, dead_at, last_error)
      SELECT gen_random_uuid(), name || '@example.com', template, 'en', '{"username": "a"}', has_secret, '<' || name || '@x>', now(), 3, now(), 'EENVELOPE 550'
      FROM (VALUES ('kept', 'password_changed', false), ('erased', 'password_reset', true)) mail (name, template, has_secret)`
    await query(fixture.database.url, dead)
    await office.page.goto('/admin/mail')
    const rowOf = (text: string) => office.page.getByRole('row').filter({ hasText: text })
    await rowOf('erased@example.com').getByText('Its link was erased').waitFor()
    expect(await rowOf('erased@example.com').getByRole('button').count()).toBe(0)
    await rowOf('kept@example.com').getByText('EENVELOPE 550').waitFor()
    await office.page.getByRole('button', { name: 'Send the mail to kept@example.com again' }).click()
    await office.page.getByText('The mail to kept@example.com is sent again.').waitFor()
    await rowOf('kept@example.com').waitFor({ state: 'hidden' })
    const [mail] = await query<{ dead_at: Date | null }>(
      fixture.database.url,
      "SELECT dead_at FROM mail_outbox WHERE recipient = 'kept@example.com'"
    )
    expect(mail?.dead_at).toBeNull()
  })

  test('a deleted user is signed out at the next click, and is no longer in the list', async () => {
    const visitor = await fixture.visit()
    const person = newPerson()
    await openNewAccount(visitor.page, person)
    await openUser(person.username)
    await office.page.getByRole('button', { name: 'Delete user' }).click()
    await office.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await office.page.getByText(`${person.username} is deleted.`).waitFor()
    await office.page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
    await office.page.getByLabel('Search by username').fill(person.username)
    await office.page.getByText('No part of a username').waitFor()
    await expectSignedOutAtClick(visitor.page)
  })

  test('keys rotate and are revoked on the page while another browser works without interruption', async () => {
    const visitor = await fixture.visit()
    await openNewAccount(visitor.page, newPerson())
    const before = await publishedKids()
    // The next key has to be published for as long as caches may keep the key set: 1.4 s here.
    await expect
      .poll(
        async () => {
          await follow(office.page, '/admin/keys')
          await office.page.getByRole('button', { name: 'Rotate now' }).click()
          const dialog = office.page.getByRole('dialog')
          await dialog.getByRole('button', { name: 'Rotate' }).click()
          // However long it takes: one that is done closes the dialog, one that is refused says why in it.
          await dialog.getByRole('alert').or(office.page.locator('body:not(:has([role=dialog]))')).first().waitFor()
          return dialog.isVisible()
        },
        { timeout: 30_000 }
      )
      .toBe(false)
    await expect.poll(async () => (await publishedKids()).length).toBeGreaterThan(before.length)
    const ask = visitor.page.getByRole('button', { name: 'Ask again' })
    await ask.click()
    await visitor.page.reload()
    await visitor.page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
    const signing = office.page
      .getByRole('listitem')
      .filter({ hasText: 'Retired' })
      .getByRole('button', { name: /^Revoke key/ })
    await signing.first().click()
    await office.page.getByRole('dialog').getByLabel('Reason (optional)').fill('a laptop was lost')
    await office.page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await office.page.getByText('Revoked', { exact: true }).first().waitFor()
    const refused = new Promise<void>((resolve, reject) => {
      visitor.page.on('response', (response) => {
        if (response.status() === 401) reject(new Error(`${response.url()} was refused`))
      })
      setTimeout(resolve, 2000)
    })
    await ask.click()
    await visitor.page.reload()
    await visitor.page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
    await refused
    await office.page.goto('/admin/audit')
    await office.page.getByText('Show', { exact: true }).first().waitFor()
    for (const folded of await office.page.getByText('Show', { exact: true }).all()) await folded.click()
    await office.page.getByText('a laptop was lost').first().waitFor()
  }, 90_000)

  test('gives a role, which the user has from the next sign-in or refresh on', async () => {
    const visitor = await fixture.visit()
    const person = newPerson()
    await openNewAccount(visitor.page, person)
    expect(await visitor.page.getByRole('link', { name: 'Users' }).count()).toBe(0)
    await openUser(person.username)
    const roles = office.page
      .getByRole('combobox', { name: 'Roles' })
      .or(office.page.getByRole('textbox', { name: 'Roles' }))
    await roles.fill('admin')
    await roles.press('Enter')
    await office.page.getByRole('button', { name: 'Save roles' }).click()
    await expect
      .poll(async () => {
        const { body } = await visitor.page.evaluate(async () => {
          const response = await fetch('/account/auth/me')
          return { body: await response.json() }
        })
        return body.roles
      })
      .toEqual(['admin'])
    await signInAgain(visitor, person)
    expect(await visitor.page.getByRole('link', { name: 'Users' }).first().isVisible()).toBe(true)
  })

  const signInAgain = async ({ page }: Visitor, person: { username: string; password: string }) => {
    await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click()
    await expectSignedOut(page)
    await openAccountOf(page, person)
  }

  test('a new client shows its secret once', async () => {
    await office.page.goto('/admin/clients')
    await office.page.getByRole('button', { name: 'New client' }).click()
    const dialog = office.page.getByRole('dialog')
    await dialog.getByLabel('Client id').fill('reports')
    await dialog.getByLabel('How it authenticates itself').selectOption({ value: 'client_secret_basic' })
    await dialog.getByLabel('Client credentials').check()
    await dialog.getByRole('button', { name: 'Create client' }).click()
    await dialog.getByText('The client needs an audience: what its tokens are for.').first().waitFor()
    await dialog.getByLabel('Audiences').fill('https://api.example.com')
    await dialog.getByLabel('Audiences').press('Enter')
    await dialog.getByLabel('Carries the roles of users').check()
    await dialog.getByRole('button', { name: 'Create client' }).click()
    const secret = await dialog.getByLabel('Client secret').inputValue()
    usedSecrets.add(secret)
    expect(secret.length).toBeGreaterThan(30)
    await dialog.getByRole('button', { name: 'I have copied it' }).click()
    await dialog.waitFor({ state: 'detached' })
    const response = await postForm(
      `${fixture.trio.auth.url}/oauth/token`,
      { grant_type: 'client_credentials' },
      basic('reports', secret)
    )
    expect([response.status, response.body.error]).not.toContain('invalid_client')
    expect(await office.page.content()).not.toContain(secret)
  })

  test('the audit log is filtered on the server, and pages', async () => {
    const person = newPerson()
    const visitor = await fixture.visit()
    await registerWithoutForm(visitor.page, person)
    await office.page.goto('/admin/audit')
    const asked = office.page.waitForResponse((response) => response.url().includes(`username=${person.username}`))
    await office.page.getByLabel('Username').fill(person.username)
    await office.page.getByLabel('Username').press('Enter')
    const { events } = (await (await asked).json()) as { events: { user: { username: string } | null }[] }
    expect(events.length).toBeGreaterThan(0)
    expect(events.every(({ user }) => user?.username === person.username)).toBe(true)
  })

  test('no page of all these has broken its policy or thrown', () => {
    expect(fixture.complaints).toEqual([])
  })
})
