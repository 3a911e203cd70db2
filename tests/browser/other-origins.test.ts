import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cookieNames, createBrowserClient, query } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, hasBrowser, newPerson, openFixture, registerOnPage, type Visitor } from './fixture.ts'

describe.skipIf(!hasBrowser)('what other origins can do to a browser that is signed in', () => {
  let fixture: Fixture
  let evil: Server
  /** Another site altogether, and the same site on another port. */
  let origins: string[]
  let visitor: Visitor
  let username: string

  beforeAll(async () => {
    fixture = await openFixture()
    evil = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<h1>evil</h1>')).listen(0)
    await once(evil, 'listening')
    const { port } = evil.address() as AddressInfo
    origins = [`http://127.0.0.1:${port}`, `http://localhost:${port}`]
    visitor = await fixture.visit()
    const person = newPerson()
    username = person.username
    await registerOnPage(visitor.page, person)
  })
  afterAll(async () => {
    evil?.close()
    await fixture?.close()
  })

  const liveSessions = async () => {
    const text = `SELECT f.id FROM refresh_token_families f JOIN users u ON u.id = f.user_id
      WHERE u.username = $1 AND f.revoked_at IS NULL`
    return (await query(fixture.database.url, text, [username])).length
  }

  test.each([0, 1])('a form post changes nothing (%#)', async (index) => {
    for (const path of ['/account/auth/logout-all', '/bff/session']) {
      const page = await visitor.context.newPage()
      await page.goto(origins[index] as string)
      const response = page.waitForResponse(`${fixture.url}${path}`)
      await page.evaluate((action) => {
        const form = document.createElement('form')
        form.method = 'post'
        form.action = action
        document.body.append(form)
        // After the evaluation has returned, since the page goes with it.
        setTimeout(() => form.submit())
      }, `${fixture.url}${path}`)
      expect((await response).status()).toBe(403)
    }
    expect(await liveSessions()).toBe(1)
  })

  test.each([0, 1])('a fetch changes nothing and reads nothing (%#)', async (index) => {
    const page = await visitor.context.newPage()
    await page.goto(origins[index] as string)
    const outcomes = await page.evaluate(async (url) => {
      const attempts: [string, RequestInit][] = [
        ['/bff/session', { method: 'DELETE', headers: { 'X-Countersign-CSRF': '1' } }],
        ['/account/auth/logout-all', { method: 'POST', headers: { 'X-Countersign-CSRF': '1' } }],
        ['/account/auth/logout-all', { method: 'POST', mode: 'no-cors' }],
        ['/bff/session', { method: 'POST', mode: 'no-cors', body: '{"username":"a","password":"b"}' }],
        ['/bff/session', {}],
        ['/api/me', {}]
      ]
      const read: string[] = []
      for (const [path, init] of attempts) {
        try {
          const response = await fetch(url + path, { credentials: 'include', ...init })
          if (response.type !== 'opaque') read.push(`${path}: ${await response.text()}`)
        } catch {} // what CORS does not allow
      }
      return read
    }, fixture.url)
    expect(outcomes).toEqual([])
    expect(await liveSessions()).toBe(1)
    await page.close()
  })

  test('the page is not shown in a frame', async () => {
    const page = await visitor.context.newPage()
    await page.goto(origins[0] as string)
    await page.evaluate((src) => {
      const frame = document.createElement('iframe')
      frame.src = src
      document.body.append(frame)
    }, fixture.url)
    await expect.poll(() => page.frames()[1]?.url()).toMatch(/^chrome-error:/)
    await page.close()
  })

  test('a cookie that somebody has planted is not the one after the sign-in', async () => {
    const other = await fixture.visit()
    const planted = 'A'.repeat(43)
    await other.context.addCookies([
      {
        name: cookieNames(fixture.url).session,
        value: planted,
        url: fixture.url,
        httpOnly: true
      }
    ])
    expect((await other.context.cookies()).map(({ value }) => value)).toEqual([planted])
    await registerOnPage(other.page, newPerson())
    const values = sessionCookies(await other.context.cookies(fixture.url)).map(({ value }) => value)
    expect(values).toHaveLength(1)
    expect(values).not.toContain(planted)
    const planter = createBrowserClient(fixture.url)
    planter.cookie = planted
    expect(await planter.send('GET', '/bff/session')).toMatchObject({ status: 401 })
  })

  test('a stolen cookie works until the sign-out, and never after', async () => {
    const other = await fixture.visit()
    await registerOnPage(other.page, newPerson())
    const [cookie] = sessionCookies(await other.context.cookies(fixture.url))
    const thief = createBrowserClient(fixture.url)
    thief.cookie = cookie?.value
    expect(await thief.send('GET', '/api/me')).toMatchObject({ status: 200 })
    await other.page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click()
    await other.page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(sessionCookies(await other.context.cookies(fixture.url))).toEqual([])
    for (const path of ['/api/me', '/bff/session']) {
      expect(await thief.send('GET', path)).toMatchObject({ status: 401 })
    }
  })
})

/** The cookie that says the browser is known outlives the session. */
function sessionCookies<T extends { readonly name: string }>(cookies: readonly T[]): T[] {
  return cookies.filter(({ name }) => /^countersign-\d+$/.test(name))
}
