import { randomBytes } from 'node:crypto'
import {
  createTestDatabase,
  createTestRedis,
  expectRefusedWithin,
  findChromium,
  type TestDatabase
} from '@countersign/testing'
import { post, startTrio, type Trio, usedSecrets } from '@countersign/testing/trio'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type LaunchOptions,
  type Page,
  type Request,
  type Response
} from 'playwright-core'
import { expect, inject, onTestFailed } from 'vitest'
import { getCurrentTest } from 'vitest/suite'

const executablePath = findChromium()

/** Whether there is a browser; without one the suites are left out. */
export const hasBrowser = executablePath !== undefined

export const launchOptions: LaunchOptions = {
  ...(executablePath && { executablePath }),
  args: [
    // Pages are painted without imitating a graphics card, which takes a quarter of the time.
    ...['--disable-gpu', '--disable-software-rasterizer', '--in-process-gpu'],
    // Chromium's sandbox does not work for root.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])
  ]
}

/** One for all files of a worker, since a start takes a second; it ends with the process. */
let sharedBrowser: Promise<Browser> | undefined

async function openBrowser(): Promise<Browser> {
  sharedBrowser ??= chromium.launch(launchOptions)
  const browser = await sharedBrowser.catch((error) => {
    sharedBrowser = undefined
    throw error
  })
  if (browser.isConnected()) return browser
  sharedBrowser = undefined
  return openBrowser()
}

/** What a page has asked for, and has no response to yet. */
const openRequests = new WeakMap<Page, Set<Request>>()

/** Where the pages of a browser are: it says so in each request that changes something. */
const origins = new WeakMap<BrowserContext, string>()

const networkChanged = 'net::ERR_NETWORK_CHANGED'

/** What becomes of loading a page when Chromium gives up, or has just given up and goes to a page of its own. */
const isGivenUp = new RegExp(`${networkChanged}|navigation to "chrome-error:|Not attached to an active page`)

export interface Visitor {
  readonly context: BrowserContext
  readonly page: Page
}

/** The whole trio, and a browser in front of it. */
export interface Fixture {
  readonly trio: Trio
  readonly database: TestDatabase
  readonly url: string
  /** A browser of its own: nothing is shared with the others. Fails the test whose page breaks its policy. */
  visit(options?: BrowserContextOptions): Promise<Visitor>
  /** Everything that the pages' console said that should not have been said. */
  readonly complaints: string[]
  close(): Promise<void>
}

export async function openFixture(options: Partial<Parameters<typeof startTrio>[0]> = {}): Promise<Fixture> {
  const database = await createTestDatabase()
  const redisUrl = inject('docker') ? await createTestRedis() : undefined
  const trio = await startTrio({
    databaseUrl: database.url,
    redisUrl,
    bffReplicas: 1,
    ...options,
    env: { REGISTRATIONS_PER_ADDRESS: '1000', JWKS_MAX_AGE_SECONDS: '1', ...options.env }
  })
  const browser = await openBrowser()
  const contexts: BrowserContext[] = []
  const complaints: string[] = []
  return {
    trio,
    database,
    url: trio.publicUrl,
    complaints,
    async visit(contextOptions) {
      const baseURL = contextOptions?.baseURL ?? trio.publicUrl
      const context = await browser.newContext({ reducedMotion: 'reduce', ...contextOptions, baseURL })
      contexts.push(context)
      origins.set(context, new URL(baseURL).origin)
      context.setDefaultTimeout(20_000)
      outliveNetworks(context)
      const page = await context.newPage()
      if (getCurrentTest()) onTestFailed(() => describePage(page))
      page.on('pageerror', (error) => complaints.push(String(error)))
      countRequests(page)
      page.on('console', (message) => {
        // A 401 of an API is the browser's to report; what the pages make of it is tested.
        const isExpected = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text())
        const isLost = message.text().endsWith(networkChanged)
        if (message.type() === 'error' && !isExpected && !isLost) complaints.push(message.text())
      })
      return { context, page }
    },
    async close() {
      await Promise.allSettled(contexts.map((context) => context.close()))
      await trio.stop()
      await database.drop()
    }
  }
}

/** What a page showed when its test failed. */
async function describePage(page: Page): Promise<void> {
  if (page.isClosed()) return
  const shown = await page
    .locator('body')
    .ariaSnapshot({ timeout: 2000 })
    .catch((error) => String(error))
  process.stderr.write(`${page.url()}\n${shown}\n`)
}

/**
 * Networks of containers come and go beside these tests, and Chromium gives up what it loads then: every page of the context
 * loads it again. Call it before the first one is opened.
 */
export function outliveNetworks(context: BrowserContext): void {
  context.on('page', loadAgain)
}

function loadAgain(page: Page): void {
  const [goto, reload] = [page.goto.bind(page), page.reload.bind(page)]
  let isGoing = false
  // What is loaded before that would be interrupted.
  const failureIsShown = () =>
    page
      .waitForEvent('framenavigated', { predicate: (frame) => frame === page.mainFrame(), timeout: 1000 })
      .catch(() => {})
  const persist = async (load: () => Promise<Response | null>) => {
    isGoing = true
    try {
      for (let times = 1; ; times++) {
        try {
          return await load()
        } catch (error) {
          if (times === 3 || !isGivenUp.test(String(error))) throw error
          await failureIsShown()
        }
      }
    } finally {
      isGoing = false
    }
  }
  page.goto = (...to) => persist(() => goto(...to))
  page.reload = (...options) => persist(() => reload(...options))
  for (const way of ['goBack', 'goForward'] as const) {
    const move = page[way].bind(page)
    page[way] = (...options) => {
      const from = page.url()
      // To move again would be a step too far where the page has left, and failed to load.
      return persist(() => (page.url() === from ? move(...options) : reload(...options)))
    }
  }
  page.on('requestfailed', async (request) => {
    const type = request.resourceType()
    const isOurs = ['script', 'stylesheet'].includes(type) || (type === 'document' && !isGoing)
    if (!isOurs || request.failure()?.errorText !== networkChanged) return
    if (type !== 'document') return void reload().catch(() => {})
    await failureIsShown()
    await page.reload().catch(() => {})
  })
}

function countRequests(page: Page): void {
  const requests = new Set<Request>()
  openRequests.set(page, requests)
  page.on('request', (request) => requests.add(request))
  page.on('requestfinished', (request) => requests.delete(request))
  page.on('requestfailed', (request) => requests.delete(request))
}

/** Waits until a page shows all that it has asked for. */
export async function untilComplete(page: Page): Promise<void> {
  const requests = openRequests.get(page)
  if (!requests) throw new Error('the page is none of a visit')
  const pending = async () => [
    ...[...requests].map((request) => request.url()),
    ...(await page.locator('.mantine-Skeleton-root, .mantine-Loader-root').all()).map(String)
  ]
  await expect.poll(pending).toEqual([])
  // What the last response leads to begins within a frame or two.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
  await expect.poll(pending).toEqual([])
}

/** Goes to a page as its links do: what all pages need is not loaded again. */
export async function follow(page: Page, path: string): Promise<void> {
  const dialog = page.getByRole('dialog').last()
  if (await dialog.isVisible()) {
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
  }
  await page.evaluate((to) => {
    const state = { usr: null, key: crypto.randomUUID(), idx: (history.state?.idx ?? 0) + 1 }
    history.pushState(state, '', to)
    window.dispatchEvent(new PopStateEvent('popstate', { state }))
    window.scrollTo(0, 0)
  }, path)
}

export interface Person {
  readonly username: string
  readonly password: string
}

export function newPerson(name = 'user'): Person {
  const person = {
    username: `${name}-${randomBytes(4).toString('hex')}`,
    password: randomBytes(12).toString('base64url')
  }
  usedSecrets.add(person.password)
  return person
}

/** Creates an account on the page, which signs in with it. */
export async function registerOnPage(page: Page, { username, password }: Person): Promise<void> {
  await page.goto('/register')
  await page.getByRole('textbox', { name: 'Username' }).fill(username)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
}

export async function signInOnPage(page: Page, { username, password }: Person): Promise<void> {
  await page.goto('/sign-in')
  await page.getByRole('textbox', { name: 'Username' }).fill(username)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
}

/** Asks as the pages' scripts do; the response's cookies are those of the browser. */
export async function postFrom<T = unknown>(page: Page, path: string, data?: object): Promise<T> {
  const headers = {
    'Accept-Language': 'en',
    Origin: origins.get(page.context()) ?? '',
    'Sec-Fetch-Site': 'same-origin',
    'X-Countersign-CSRF': '1'
  }
  const response = await page.request.post(path, { data, headers })
  const text = await response.text()
  expect(response.ok(), `${path} responded with ${response.status()}: ${text}`).toBe(true)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** For tests that are not about the form, which takes several times as long: the page stays where it is. */
export async function signInWithoutForm(page: Page, { username, password }: Person): Promise<void> {
  await postFrom(page, '/bff/session', { username, password })
}

/** Creates an account, and signs in with it, while the page stays where it is. */
export async function registerWithoutForm(page: Page, person: Person & { email?: string }): Promise<void> {
  await postFrom(page, '/bff/registration', person)
  await signInWithoutForm(page, person)
}

export async function openAccount(page: Page): Promise<void> {
  await page.goto('/')
  await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
}

/** The page of an account that is there. */
export async function openAccountOf(page: Page, person: Person): Promise<void> {
  await signInWithoutForm(page, person)
  await openAccount(page)
}

/** The session of the browser, as its pages see it. */
export async function sessionOf(page: Page): Promise<{ user_id: string; session_id: string }> {
  return (await page.request.get('/bff/session')).json()
}

/** Creates an account at the issuer, without a browser. */
export async function createAccount(
  issuer: string,
  person: Person & { email?: string } = newPerson()
): Promise<Person> {
  expect((await post(`${issuer}/auth/register`, person)).status).toBe(201)
  return person
}

/** The page of an account that was created for it. */
export async function openNewAccount(page: Page, person: Person & { email?: string }): Promise<void> {
  await registerWithoutForm(page, person)
  await openAccount(page)
}

export async function expectSignedOut(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/sign-in')
}

/** The session of this page has ended elsewhere: a click finds it out, a second later at the latest. */
export async function expectSignedOutAtClick(page: Page): Promise<void> {
  await expectRefusedWithin(1000, async () => {
    const responded = page.waitForResponse((response) => new URL(response.url()).pathname === '/api/me')
    const form = page.getByRole('heading', { level: 1, name: 'Sign in' })
    const statuses = [responded.then((response) => response.status()), form.waitFor().then(() => 401)]
    // The page may have found it out by itself, and the button is gone.
    await page
      .getByRole('button', { name: 'Ask again' })
      .click({ timeout: 1000 })
      .catch(() => {})
    return Promise.race(statuses)
  })
  await expectSignedOut(page)
}

export const admin = (trio: Trio): Person => ({ username: 'admin', password: trio.adminPassword })
