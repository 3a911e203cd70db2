import { cookieNames } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admin, type Fixture, hasBrowser, newPerson, openFixture, registerOnPage, signInOnPage } from './fixture.ts'

/** What a JWT, a refresh token and a JWE begin with. */
const token = /eyJ[\w-]{8,}|csr1\./

const pages = ['/', '/admin', '/admin/users', '/admin/keys', '/admin/clients', '/admin/audit']

describe.skipIf(!hasBrowser)('what a script in the page can find', () => {
  let fixture: Fixture

  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture?.close())

  test('no token: not in cookies, storages, databases, the document, or any response', async () => {
    const { page, context } = await fixture.visit()
    const bodies: Promise<[string, string]>[] = []
    const requests: string[] = []
    page.on('response', (response) => {
      if (response.status() === 204 || response.status() >= 300) return
      bodies.push(
        response
          .text()
          .then((text): [string, string] => [response.url(), text])
          .catch(() => [response.url(), ''])
      )
      bodies.push(Promise.resolve([`headers of ${response.url()}`, JSON.stringify(response.headers())]))
    })
    page.on('request', (request) => requests.push(`${request.url()} ${request.postData() ?? ''}`))
    await registerOnPage(page, newPerson())
    await page.getByRole('button', { name: 'Sign out' }).first().click()
    // Before that, going on would cut the sign-out off.
    await page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor()
    await signInOnPage(page, admin(fixture.trio))
    for (const path of pages) {
      await page.goto(path)
      await page.waitForLoadState('networkidle')
      const found = await page.evaluate(async () => ({
        cookie: document.cookie,
        local: JSON.stringify({ ...localStorage }),
        session: JSON.stringify({ ...sessionStorage }),
        databases: JSON.stringify(await indexedDB.databases()),
        caches: JSON.stringify(await caches.keys()),
        workers: (await navigator.serviceWorker.getRegistrations()).length,
        document: document.documentElement.outerHTML
      }))
      expect(found.cookie).toBe('')
      expect([found.session, found.databases, found.caches, found.workers]).toEqual(['{}', '[]', '[]', 0])
      expect(Object.keys(JSON.parse(found.local)).every((name) => /color-scheme|countersign-language/.test(name))).toBe(
        true
      )
      expect(found.document).not.toMatch(token)
    }
    const responses = await Promise.all(bodies)
    expect(responses.filter(([url]) => url.includes('/account/admin/')).length).toBeGreaterThan(4)
    const isScript = (url: string) => /\.(?:js|css)$/.test(url)
    expect(responses.filter(([url, text]) => !isScript(url) && token.test(text)).map(([url]) => url)).toEqual([])
    expect(requests.filter((text) => token.test(text))).toEqual([])
    // The cookie is there, and scripts have not seen it.
    const cookies = await context.cookies()
    const names = cookieNames(fixture.url)
    const cookie = cookies.find(({ name }) => name === names.session)
    const device = cookies.find(({ name }) => name === names.device)
    // A third one, which shows that cookies are not blocked, lasts a minute.
    expect(cookies.filter(({ name }) => !name.startsWith('countersign-probe'))).toHaveLength(2)
    expect(device).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' })
    expect(responses.filter(([, text]) => text.includes(device?.value as string)).map(([url]) => url)).toEqual([])
    expect(cookie).toMatchObject({
      httpOnly: true,
      sameSite: 'Strict',
      path: '/'
    })
    expect(responses.filter(([, text]) => text.includes(cookie?.value as string)).map(([url]) => url)).toEqual([])
    expect(fixture.complaints).toEqual([])
  })

  test('an injected script does not run, and a style is refused', async () => {
    const { page } = await fixture.visit()
    await page.goto('/sign-in')
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    const ran = await page.evaluate(async () => {
      const inline = document.createElement('script')
      inline.textContent = 'window.injected = true'
      document.body.append(inline)
      const frame = document.createElement('div')
      frame.innerHTML = '<img src=x onerror="window.injected = true">'
      document.body.append(frame)
      const style = document.createElement('style')
      style.textContent = 'body { outline: 7px solid red }'
      document.head.append(style)
      await new Promise((resolve) => setTimeout(resolve, 200))
      return { script: 'injected' in window, style: getComputedStyle(document.body).outlineWidth === '7px' }
    })
    expect(ran).toEqual({ script: false, style: false })
    await expect.poll(() => fixture.complaints.length).toBeGreaterThanOrEqual(3)
    const complaints = fixture.complaints.splice(0)
    expect(complaints.every((text) => /Content Security Policy/.test(text))).toBe(true)
  })
})
