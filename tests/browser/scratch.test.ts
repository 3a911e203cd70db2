import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, hasBrowser, newPerson, openFixture, registerOnPage } from './fixture.ts'
import { problemsOf, show, ways } from './fixtures/accessibility.ts'

const id = 'a'.repeat(43)
const client = { client_id: 'notes', name: 'Meeting notes', logo_uri: 'https://notes.example/logo.svg', policy_uri: 'https://notes.example/privacy', tos_uri: 'https://notes.example/terms' }
const scopes = [
  { scope: 'openid', api: null, api_name: null, description: 'x' },
  { scope: 'profile', api: null, api_name: null, description: 'x' },
  { scope: 'offline_access', api: null, api_name: null, description: 'x' },
  { scope: 'reports:read', api: 'https://reports.example', api_name: 'Reports', description: 'Read all reports' }
]

describe.skipIf(!hasBrowser)('scratch', () => {
  let fixture: Fixture
  beforeAll(async () => { fixture = await openFixture() })
  afterAll(() => fixture?.close())
  test('shots', async () => {
    const { page } = await fixture.visit({ locale: 'en-GB' })
    const base = fixture.url
    const complete_url = `${base}/nowhere/complete?request=${id}`
    let next = 'consent'
    const json = (body: unknown, status = 200) => ({ status, contentType: 'application/json', body: JSON.stringify(body) })
    await page.route('https://notes.example/**', (r) => r.fulfill({ contentType: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10" fill="teal"/></svg>' }))
    await page.route('**/bff/authorization-requests/*', (r) => r.fulfill(json({ client, redirect_host: 'notes.example', login_hint: 'ada@example.com', ui_locales: [], prompt: [], complete_url, expires_in: 600 })))
    await page.route('**/claim', (r) => next === 'conflict' ? r.fulfill(json({ error: 'conflict', error_description: 'x' }, 409)) : next === 'again' ? r.fulfill(json({ error: 'insufficient_user_authentication', error_description: 'x' }, 401)) : r.fulfill(json({ next, client, redirect_host: 'notes.example', username: 'ada', scopes, complete_url })))
    await page.route('**/auth/me/apps*', (r) => r.fulfill(json({ apps: [{ client_id: 'notes', name: 'Meeting notes', logo_uri: null, scopes, granted_at: new Date(Date.now() - 1e9).toISOString(), last_used_at: new Date(Date.now() - 1e6).toISOString(), sessions: 2 }, { client_id: 'x', name: 'Grafana', logo_uri: null, scopes: scopes.slice(0, 2), granted_at: new Date(Date.now() - 1e9).toISOString(), last_used_at: null, sessions: 1 }], next_cursor: 'abc' })))
    const look = async (name: string) => {
      await page.waitForLoadState('networkidle')
      const problems = await problemsOf(page)
      await page.screenshot({ path: `/tmp/shots/${name}-small.png`, fullPage: true })
      await show(page, ways[1]); await page.waitForTimeout(300)
      await page.screenshot({ path: `/tmp/shots/${name}-dark.png` })
      await show(page, ways[0]); await page.waitForTimeout(300)
      await page.screenshot({ path: `/tmp/shots/${name}.png` })
      console.log(name, problems)
    }
    await page.goto(`/authorize?request=${id}`)
    await page.getByText('Sign in to continue to').waitFor()
    await look('signin')
    await page.goto('/authorize/error?error=invalid_redirect_uri&error_description=redirect_uri%20is%20not%20registered')
    await page.getByText('For those who').waitFor()
    await look('error')
    await page.goto('/authorize?request=x')
    await look('over')
    await registerOnPage(page, newPerson('ada'))
    await page.getByText('Apps with access').scrollIntoViewIfNeeded()
    await look('apps')
    await page.getByText('Apps with access').scrollIntoViewIfNeeded()
    await page.screenshot({ path: `/tmp/shots/apps.png` })
    for (const one of ['consent', 'choose_account', 'conflict', 'again']) {
      next = one
      await page.goto(`/authorize?request=${id}`)
      await page.getByRole('heading', { level: 1 }).or(page.getByRole('dialog')).first().waitFor()
      await look(one)
      if (one === 'again') { await page.keyboard.press('Escape'); await page.waitForTimeout(500); await look('again-closed') }
    }
    expect(fixture.complaints).toEqual([])
  }, 120_000)
})
