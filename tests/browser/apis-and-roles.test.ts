import { get } from '@countersign/testing/trio'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  admin,
  expectSignedOutAtClick,
  type Fixture,
  follow,
  hasBrowser,
  newPerson,
  openFixture,
  openNewAccount,
  signInWithoutForm
} from './fixture.ts'

const named = (page: Page | Locator, name: string) => page.getByRole('textbox', { name, exact: true })
const dialogOf = (page: Page) => page.getByRole('dialog')
const press = (place: Page | Locator, name: string) => place.getByRole('button', { name, exact: true }).click()

async function expectError(field: Locator, sentence: RegExp): Promise<void> {
  await expect.poll(() => field.getAttribute('aria-invalid')).toBe('true')
  expect(await field.evaluate((input) => input === document.activeElement)).toBe(true)
  const text = await field.evaluate((input) =>
    (input.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => document.getElementById(id)?.textContent ?? '')
      .join(' ')
  )
  expect(text).toMatch(sentence)
}

describe.skipIf(!hasBrowser)('APIs and roles in the browser', () => {
  let fixture: Fixture
  let page: Page

  beforeAll(async () => {
    fixture = await openFixture()
    page = (await fixture.visit()).page
    await signInWithoutForm(page, admin(fixture.trio))
    await page.goto('/admin/roles')
  })
  afterAll(() => fixture?.close())

  /** Calls it as the pages do, with the session of this browser. */
  const call = <T>(path: string, method = 'GET', body?: unknown) =>
    page.evaluate(
      async ([url, options]) => {
        const response = await fetch(url, options)
        if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
        return response.status === 204 ? undefined : response.json()
      },
      [
        `/account/admin/${path}`,
        {
          method,
          headers: { 'content-type': 'application/json', 'x-countersign-csrf': '1' },
          ...(body !== undefined && { body: JSON.stringify(body) })
        }
      ] as const
    ) as Promise<T>
  const openNewApi = async () => {
    await follow(page, '/admin/apis')
    await press(page, 'New API')
    return dialogOf(page)
  }
  const openApi = async (name: string) => {
    await page.goto('/admin/apis')
    await page.getByRole('link', { name, exact: true }).click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
  }
  const scopesOf = async (identifier: string) => {
    const { apis } = await call<{ apis: { identifier: string; scopes: { name: string }[] }[] }>('apis?limit=100')
    return apis.find((api) => api.identifier === identifier)?.scopes.map(({ name }) => name)
  }

  describe('the pages of APIs', () => {
    test('create an API with its scopes, and say at each field what is wrong with it', async () => {
      const dialog = await openNewApi()
      await press(dialog, 'Create API')
      await expectError(named(dialog, 'Identifier'), /Give the URI/)
      await named(dialog, 'Identifier').fill('not a uri')
      await press(dialog, 'Create API')
      await expectError(named(dialog, 'Identifier'), /Give the URI/)
      await named(dialog, 'Identifier').fill('https://reports.example')
      await named(dialog, 'Name (optional)').fill('Reports')
      for (const [at, name] of ['reports:read', 'with space', 'reports:read'].entries()) {
        await press(dialog, 'Add scope')
        const row = dialog.getByRole('group', { name: `Scope ${at + 1}` })
        expect(await named(row, 'Scope').evaluate((input) => input === document.activeElement)).toBe(true)
        await named(row, 'Scope').fill(name)
        if (at !== 1) await named(row, 'What it lets a program do').fill('Read reports')
      }
      const row = (at: number) => dialog.getByRole('group', { name: `Scope ${at}` })
      await press(dialog, 'Create API')
      await expectError(named(row(3), 'Scope'), /listed already/)
      await press(dialog, 'Remove scope 3')
      await press(dialog, 'Create API')
      await expectError(named(row(2), 'Scope'), /without spaces/)
      expect(await row(2).innerText()).toContain('Say in 1 to 200 characters')
      await named(row(2), 'Scope').fill('reports:write')
      await named(row(2), 'What it lets a program do').fill('Write reports')
      await press(dialog, 'Create API')
      await dialog.waitFor({ state: 'detached' })
      await page.getByRole('cell', { name: 'reports:read, reports:write' }).waitFor()
      expect(await scopesOf('https://reports.example')).toEqual(['reports:read', 'reports:write'])
    })

    test('say that an identifier is taken, and that the issuer itself is none', async () => {
      const dialog = await openNewApi()
      await named(dialog, 'Identifier').fill('https://reports.example')
      await press(dialog, 'Create API')
      await expectError(named(dialog, 'Identifier'), /There is an API with this identifier/)
      const metadata = `${fixture.trio.auth.url}/.well-known/oauth-authorization-server`
      await named(dialog, 'Identifier').fill((await get<{ issuer: string }>(metadata)).body.issuer)
      await press(dialog, 'Create API')
      await expectError(named(dialog, 'Identifier'), /issuer itself/)
    })

    test('change the name, the roles in tokens and the scopes; only what was changed is sent', async () => {
      await openApi('Reports')
      await press(page, 'Save API')
      await page.getByText('Nothing was changed.').waitFor()
      await named(page, 'Name').fill('')
      await press(page, 'Save API')
      await expectError(named(page, 'Name'), /1 to 100 characters/)
      await named(page, 'Name').fill('All reports')
      await page.getByLabel('Its tokens name roles').check()
      await press(page, 'Remove scope 1')
      const sent = page.waitForRequest((request) => request.method() === 'PATCH')
      await press(page, 'Save API')
      expect((await sent).postDataJSON()).toEqual({
        name: 'All reports',
        carries_roles: true,
        scopes: [{ name: 'reports:write', description: 'Write reports' }],
        end_sessions: false
      })
      await page.getByRole('heading', { level: 1, name: 'All reports' }).waitFor()
      expect(await scopesOf('https://reports.example')).toEqual(['reports:write'])
    })

    test('delete an API after a question that says what becomes of sessions and tokens', async () => {
      // It is found by its address.
      await page.reload()
      await page.getByRole('heading', { level: 1, name: 'All reports' }).waitFor()
      await press(page, 'Delete API')
      const dialog = dialogOf(page)
      expect(await dialog.innerText()).toMatch(/Sessions stay, and tokens .* are valid until they expire/)
      await dialog.getByLabel('End the sessions of users who lose a scope now').check()
      const sent = page.waitForRequest((request) => request.method() === 'DELETE')
      await press(dialog, 'Delete')
      expect(new URL((await sent).url()).search).toBe('?end_sessions=true')
      await page.getByRole('heading', { level: 1, name: 'APIs', exact: true }).waitFor()
      await expect.poll(() => page.getByRole('link', { name: 'All reports' }).count()).toBe(0)
      expect(await scopesOf('https://reports.example')).toBeUndefined()
    })

    test('page through more than one page has', async () => {
      for (let i = 0; i < 21; i++) {
        await call('apis', 'POST', { identifier: `https://many.example/${String(i).padStart(2, '0')}` })
      }
      await page.goto('/admin/apis')
      await page.getByRole('link', { name: 'https://many.example/00' }).waitFor()
      await press(page.getByRole('navigation', { name: 'Pages of APIs' }), 'Next')
      await page.getByRole('link', { name: 'https://many.example/20' }).waitFor()
      expect(await page.getByRole('link', { name: 'https://many.example/00' }).count()).toBe(0)
    })
  })

  describe('the pages of roles', () => {
    const openNewRole = async () => {
      await page.goto('/admin/roles')
      await press(page, 'New role')
      const dialog = dialogOf(page)
      await dialog.getByRole('group', { name: /^Warehouse/ }).waitFor()
      return dialog
    }
    const openUser = async (id: string) => {
      await page.goto(`/admin/users/${id}`)
      return page.getByRole('combobox', { name: 'Roles' }).or(named(page, 'Roles'))
    }
    let apiId: string
    let visitor: Page
    let userId: string

    beforeAll(async () => {
      const scope = (name: string) => ({ name, description: `What ${name} lets a program do` })
      const api = { identifier: 'urn:example:warehouse', name: 'Warehouse' }
      const scopes = ['stock:count', 'stock:read', 'stock:write'].map(scope)
      apiId = (await call<{ id: string }>('apis', 'POST', { ...api, scopes })).id
      visitor = (await fixture.visit()).page
      await openNewAccount(visitor, newPerson())
      userId = await visitor.evaluate(async () => (await (await fetch('/bff/session')).json()).user_id)
    })

    test('create a role with scopes that are shown by their APIs with their sentences', async () => {
      const dialog = await openNewRole()
      await named(dialog, 'Name').fill('Not A Role')
      await press(dialog, 'Create role')
      await expectError(named(dialog, 'Name'), /1 to 32 of a-z/)
      await named(dialog, 'Name').fill('user')
      await press(dialog, 'Create role')
      await expectError(named(dialog, 'Name'), /There is a role with this name/)
      await named(dialog, 'Name').fill('keeper')
      expect(await dialog.innerText()).toContain('What stock:read lets a program do')
      await dialog.getByLabel('stock:read').check()
      await dialog.getByLabel('stock:write').check()
      await press(dialog, 'Create role')
      await page.getByRole('row', { name: /keeper .*stock:read, stock:write/ }).waitFor()
    })

    test('say at the boxes that an API has lost a scope since the page was opened', async () => {
      await page.goto('/admin/roles/keeper')
      await page.getByLabel('stock:count').check()
      const kept = ['stock:read', 'stock:write'].map((name) => ({ name, description: name }))
      await call(`apis/${apiId}`, 'PATCH', { scopes: kept })
      await press(page, 'Save role')
      await page.getByText(/up to 100 scopes that APIs have now/).waitFor()
      expect(await call<{ scopes: unknown[] }>('roles/keeper')).toMatchObject({ scopes: { length: 2 } })
    })

    test('a user is given a role from the list on the user’s page', async () => {
      const roles = await openUser(userId)
      await roles.click()
      await page.getByRole('option', { name: 'keeper' }).click()
      expect(await page.getByRole('option', { name: 'user', exact: true }).count()).toBe(0)
      await press(page, 'Save roles')
      await page.getByText(/The roles of .* are saved/).waitFor()
      expect(await call(`users/${userId}`)).toMatchObject({ roles: ['keeper'] })
    })

    test('a scope is taken with the sessions of those who lose it', async () => {
      await page.goto('/admin/roles/keeper')
      await page.getByLabel('stock:write').uncheck()
      await page.getByLabel('End the sessions of users who lose a scope now').check()
      const sent = page.waitForRequest((request) => request.method() === 'PATCH')
      await press(page, 'Save role')
      expect((await sent).postDataJSON()).toEqual({
        scopes: [{ api: 'urn:example:warehouse', scope: 'stock:read' }],
        end_sessions: true
      })
      await page.getByText('The role keeper is saved. One session has ended.').waitFor()
      await expectSignedOutAtClick(visitor)
    })

    test('a role is deleted once no user has it', async () => {
      await page.goto('/admin/roles/keeper')
      await press(page, 'Delete role')
      await press(dialogOf(page), 'Delete')
      await dialogOf(page).getByText('A user has this role. Take it from them first.').waitFor()
      const roles = await openUser(userId)
      await page.getByText('keeper', { exact: true }).first().waitFor()
      await roles.press('Backspace')
      await press(page, 'Save roles')
      await page.getByText(/The roles of .* are saved/).waitFor()
      await page.goto('/admin/roles/keeper')
      await press(page, 'Delete role')
      await press(dialogOf(page), 'Delete')
      await page.getByRole('heading', { level: 1, name: 'Roles', exact: true }).waitFor()
      await expect.poll(() => page.getByRole('link', { name: 'keeper' }).count()).toBe(0)
    })

    test.each(['admin', 'user'])('the built-in role %s has no button that deletes it, and says why', async (name) => {
      await follow(page, `/admin/roles/${name}`)
      await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
      await page.getByRole('note').getByText('cannot be deleted').waitFor()
      await page.getByRole('button', { name: 'Save role' }).waitFor()
      expect(await page.getByRole('button', { name: 'Delete role' }).count()).toBe(0)
    })
  })

  test('no page of all these has broken its policy or thrown', () => {
    expect(fixture.complaints).toEqual([])
  })
})
