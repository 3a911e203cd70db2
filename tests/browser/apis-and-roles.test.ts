import { get } from '@countersign/testing/trio'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admin, type Fixture, hasBrowser, openFixture, signInOnPage } from './fixture.ts'

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
    await signInOnPage(page, admin(fixture.trio))
  })
  afterAll(() => fixture?.close())

  /** As the pages call it, with the session of this browser. */
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
    await page.goto('/admin/apis')
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
      await expectError(named(row(3), 'Scope'), /there already/)
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
      await openApi('All reports')
      await press(page, 'Delete API')
      const dialog = dialogOf(page)
      expect(await dialog.innerText()).toMatch(/Sessions stay, and tokens .* are good until they expire/)
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

  test('no page of all these has broken its policy or thrown', () => {
    expect(fixture.complaints).toEqual([])
  })
})
