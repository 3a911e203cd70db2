import { findLastingPort } from '@countersign/testing'
import { get } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Fixture, hasBrowser, newPerson, openFixture, registerOnPage } from './fixture.ts'

const section = (page: Page) => page.getByRole('heading', { level: 2, name: 'Access to the API' })

describe.skipIf(!hasBrowser)('the pages of other installations', () => {
  let fixture: Fixture
  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture?.close())

  test('the section about the example API is shown only with that API', async () => {
    const { page } = await fixture.visit()
    await registerOnPage(page, newPerson())
    await section(page).waitFor()
    const others = [
      { status: 404, json: { error: 'not_found' } },
      { status: 200, json: { name: 'an API of our own' } },
      { status: 200, json: null },
      { status: 200, body: '<h1>Welcome</h1>', contentType: 'text/html' }
    ]
    for (const other of others) {
      await page.route('**/api/me', (route) => route.fulfill(other))
      const response = page.waitForResponse('**/api/me')
      await page.goto('/')
      await response
      await page.getByText('Member since').waitFor()
      expect(await section(page).count()).toBe(0)
      expect(await page.getByRole('alert').count()).toBe(0)
      await page.unroute('**/api/me')
    }
  })

  test.skipIf(!inject('docker'))(
    'where registration is closed, there is neither a link nor a form for it',
    async () => {
      const publicUrl = `http://localhost:${await findLastingPort()}`
      const issuer = await fixture.trio.startAuth({ REGISTRATION: 'closed' })
      await fixture.trio.startBff({ PORT: new URL(publicUrl).port, PUBLIC_URL: publicUrl, AUTH_URL: issuer.url })
      const { page } = await fixture.visit({ baseURL: publicUrl })
      const statusOfPage = () =>
        get(`${publicUrl}/sign-in`).then(
          ({ status }) => status,
          () => 0
        )
      await expect.poll(statusOfPage).toBe(200)
      const response = page.waitForResponse('**/bff/registration')
      await page.goto('/sign-in')
      expect(await (await response).json()).toEqual({
        registration: 'closed',
        mail: false,
        mail_sign_in: false,
        passkeys: false
      })
      await page.getByRole('button', { name: 'Sign in' }).waitFor()
      expect(await page.getByRole('link', { name: 'Create an account' }).count()).toBe(0)
      await page.goto('/register')
      await page.getByRole('heading', { level: 1, name: 'Registration is closed' }).waitFor()
      expect(await page.getByRole('textbox').count()).toBe(0)
      const open = await fixture.visit()
      await open.page.goto('/sign-in')
      await open.page.getByRole('link', { name: 'Create an account' }).waitFor()
    }
  )
})
