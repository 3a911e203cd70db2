import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expectMostWithin, findLastingPort } from '@countersign/testing'
import { type Credentials, post, register, type ServiceProcess, send, untilReady } from '@countersign/testing/trio'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type LiveApi, startLiveApi } from '../integration/fixtures/live-api.ts'
import { type Fixture, startFixture } from '../interop/fixture.ts'
import { hasBrowser, launchOptions, outliveNetworks } from './fixture.ts'

const reports = 'https://reports.example'
const stock = 'urn:example:stock'
const sources = fileURLToPath(new URL('fixtures/your-app/', import.meta.url))

describe.skipIf(!hasBrowser || !inject('docker'))('an app of your own', () => {
  let fixture: Fixture
  let browser: Browser
  let apis: Record<'reports' | 'stock', LiveApi>
  let folder: string
  let admin: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-app-'))
    await cp(sources, folder, { recursive: true })
    fixture = await startFixture()
    const { issuer } = fixture
    admin = await fixture.signInAdmin()
    apis = {
      reports: await startLiveApi({ issuer, audience: reports }),
      stock: await startLiveApi({ issuer, audience: stock })
    }
    for (const [identifier, scope] of [
      [reports, 'reports:read'],
      [stock, 'stock:read']
    ]) {
      await made('/apis', { identifier, scopes: [{ name: scope, description: 'A sentence.' }] })
    }
    const scopes = [
      { api: reports, scope: 'reports:read' },
      { api: stock, scope: 'stock:read' }
    ]
    await made('/roles', { name: 'reader', scopes })
    const routes = [
      { prefix: '/api/reports', url: apis.reports.url, api: reports },
      { prefix: '/api/stock', url: apis.stock.url, api: stock }
    ]
    await writeFile(join(folder, 'routes.json'), JSON.stringify({ routes }))
    browser = await chromium.launch(launchOptions)
  })
  afterAll(async () => {
    await browser?.close()
    await Promise.all(Object.values(apis ?? {}).map((api) => api.close()))
    await fixture?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function made(path: string, body: object): Promise<void> {
    expect((await post(`${fixture.issuer}/admin${path}`, body, admin)).status).toBe(201)
  }
  const asAdmin = (method: string, path: string, body?: object) =>
    send(`${fixture.issuer}/admin${path}`, {
      method,
      headers: { Authorization: `Bearer ${admin}`, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) })
    })
  const reader = async () => {
    const account = await register(fixture.issuer)
    expect((await asAdmin('PATCH', `/users/${account.id}`, { roles: ['reader'] })).status).toBe(200)
    return account
  }
  async function startBff(env: Record<string, string>): Promise<ServiceProcess> {
    const port = String(await findLastingPort())
    const routesFile = join(folder, 'routes.json')
    const bff = await fixture.trio.startBff({
      PORT: port,
      PUBLIC_URL: `http://localhost:${port}`,
      ROUTES_FILE: routesFile,
      ...env
    })
    await untilReady(bff)
    return { ...bff, url: `http://localhost:${port}` }
  }
  const textOf = (page: Page, id: string) => page.locator(`#${id}`).textContent()
  const shows = (page: Page, id: string, text: string) => page.locator(`#${id}`).getByText(text).waitFor()

  async function signInTo(page: Page, url: string, { username, password }: Credentials): Promise<void> {
    await page.goto(`${url}/orders?page=2`)
    await page.waitForURL(`${url}/countersign/sign-in?return=*`)
    await page.getByRole('textbox', { name: 'Username' }).fill(username)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`${url}/orders?page=2`)
  }

  /** The whole of what an app does: sign-in and back, two APIs, a WebSocket and a stream, until its session ends. */
  async function useApp(url: string): Promise<{ page: Page; complaints: string[]; sockets: string[] }> {
    const context = await browser.newContext()
    context.setDefaultTimeout(15_000)
    outliveNetworks(context)
    const page = await context.newPage()
    const [complaints, sockets]: [string[], string[]] = [[], []]
    page.on('websocket', (socket) => sockets.push(new URL(socket.url()).host))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    const user = await reader()
    await signInTo(page, url, user)
    await shows(page, 'user', user.username)
    await shows(page, 'reports', 'reports:read')
    await shows(page, 'stock', 'stock:read')
    await shows(page, 'socket', 'echo: hello')
    await shows(page, 'events', user.id)
    return { page, complaints, sockets }
  }

  /** @returns how long after the end of its session the page sees its socket closed, in milliseconds */
  async function endSession(page: Page): Promise<number> {
    const session = await page.evaluate(() => fetch('/bff/session').then((response) => response.json()))
    const closed = shows(page, 'socket', 'closed')
    expect((await asAdmin('DELETE', `/users/${session.user_id}/sessions/${session.session_id}`)).status).toBe(204)
    const endedAt = performance.now()
    await closed
    return performance.now() - endedAt
  }

  /** Ends the session of this page, and those of others if it was late. */
  async function expectEndWithinSecond(first: Page, url: string): Promise<void> {
    const pages = [first]
    await expectMostWithin(1000, async () => endSession(pages.pop() ?? (await useApp(url)).page))
  }

  describe('that is built', () => {
    let bff: ServiceProcess

    beforeAll(async () => {
      const { build } = await import('vite')
      await build({ root: folder, configFile: false, logLevel: 'silent' })
      bff = await startBff({ APP_DIR: join(folder, 'dist') })
    })

    test('signs in, calls two APIs, and has a WebSocket and a stream that end with its session', {
      timeout: 180_000
    }, async () => {
      const { page, complaints } = await useApp(bff.url)
      await expectEndWithinSecond(page, bff.url)
      await page.waitForURL(`${bff.url}/countersign/sign-in?return=*`)
      expect(complaints.filter((text) => !/401|Unauthorized|ERR_INCOMPLETE|ERR_NETWORK_CHANGED/.test(text))).toEqual([])
      await page.context().close()
    })

    test('has its own files at the root, with its policy, and Countersign the pages below one path', async () => {
      const html = { headers: { Accept: 'text/html' } }
      const page = await fetch(`${bff.url}/`, html)
      expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
      expect(await page.text()).toContain('<title>Orders</title>')
      const script = /src="(\/assets\/[^"]+)"/.exec(await (await fetch(`${bff.url}/orders/7`, html)).text())?.[1] ?? ''
      const asset = await fetch(bff.url + script)
      expect(asset.headers.get('cache-control')).toContain('immutable')
      expect((await fetch(`${bff.url}/orders/7`)).status).toBe(404)
      expect((await fetch(`${bff.url}/assets/none.js`)).status).toBe(404)
      expect((await fetch(`${bff.url}/.env`, html)).status).toBe(404)
      const own = await fetch(`${bff.url}/countersign/admin/users`, html)
      expect(own.headers.get('content-security-policy')).toContain("script-src 'self'")
      expect(await own.text()).toContain('src="/countersign/assets/')
    })

    test('has Countersign pages that work below their path: sign-in, account, administration', async () => {
      const context = await browser.newContext()
      context.setDefaultTimeout(15_000)
      outliveNetworks(context)
      const page = await context.newPage()
      await page.goto(`${bff.url}/countersign/admin/users?search=admin`)
      await page.waitForURL(`${bff.url}/countersign/sign-in?*`)
      await page.getByRole('textbox', { name: 'Username' }).fill('admin')
      await page.getByLabel('Password', { exact: true }).fill(fixture.trio.adminPassword)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor()
      expect(page.url()).toBe(`${bff.url}/countersign/admin/users?search=admin`)
      await page
        .getByRole('link', { name: 'Signing keys' })
        .or(page.getByRole('link', { name: 'Keys' }))
        .first()
        .click()
      await page.waitForURL(`${bff.url}/countersign/admin/keys`)
      await page.reload()
      await page.getByRole('heading', { level: 1 }).waitFor()
      await context.close()
    })
  })

  test('on a Vite dev server does the same, with hot reload through the bff-service', {
    timeout: 180_000
  }, async () => {
    const { createServer } = await import('vite')
    const vite = await createServer({
      root: folder,
      configFile: false,
      logLevel: 'silent',
      server: { host: '127.0.0.1', port: await findLastingPort(), watch: { usePolling: true, interval: 50 } }
    })
    await vite.listen()
    try {
      const bff = await startBff({ APP_URL: vite.resolvedUrls?.local[0]?.replace(/\/$/, '') ?? '' })
      const { page, sockets } = await useApp(bff.url)
      expect(await textOf(page, 'greeting')).toBe('Good morning')
      await page.evaluate(() => Object.assign(globalThis, { marker: 'not reloaded' }))
      await writeFile(join(folder, 'greeting.js'), "export const greeting = 'Good evening'\n")
      await shows(page, 'greeting', 'Good evening')
      expect(await page.evaluate(() => (globalThis as { marker?: string }).marker)).toBe('not reloaded')
      expect(new Set(sockets)).toEqual(new Set([new URL(bff.url).host]))
      await expectEndWithinSecond(page, bff.url)
      await page.context().close()
    } finally {
      await vite.close()
    }
  })
})
