import { randomBytes } from 'node:crypto'
import { createTestDatabase, createTestRedis, findChromium, type TestDatabase } from '@countersign/testing'
import { startTrio, type Trio, usedSecrets } from '@countersign/testing/trio'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type LaunchOptions,
  type Page
} from 'playwright-core'
import { expect, inject } from 'vitest'

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

const networkChanged = 'net::ERR_NETWORK_CHANGED'

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
  const browser: Browser = await chromium.launch(launchOptions)
  const complaints: string[] = []
  return {
    trio,
    database,
    url: trio.publicUrl,
    complaints,
    async visit(contextOptions) {
      const context = await browser.newContext({ baseURL: trio.publicUrl, reducedMotion: 'reduce', ...contextOptions })
      context.setDefaultTimeout(10_000)
      const page = await context.newPage()
      page.on('pageerror', (error) => complaints.push(String(error)))
      // Networks of containers come and go beside these tests, and Chromium gives up what it loads then.
      page.on('requestfailed', (request) => {
        const isFile = ['document', 'script', 'stylesheet'].includes(request.resourceType())
        if (isFile && request.failure()?.errorText === networkChanged) void page.reload().catch(() => {})
      })
      page.on('console', (message) => {
        // A 401 of an API is the browser's to report; what the pages make of it is tested.
        const isExpected = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text())
        const isLost = message.text().endsWith(networkChanged)
        if (message.type() === 'error' && !isExpected && !isLost) complaints.push(message.text())
      })
      return { context, page }
    },
    async close() {
      await browser.close()
      await trio.stop()
      await database.drop()
    }
  }
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

export async function expectSignedOut(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
  expect(new URL(page.url()).pathname).toBe('/sign-in')
}

export const admin = (trio: Trio): Person => ({ username: 'admin', password: trio.adminPassword })
