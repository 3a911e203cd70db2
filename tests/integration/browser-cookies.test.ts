import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  type BrowserClient,
  createBrowserClient,
  query,
  register,
  startTrio,
  type Trio
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'

const isDocker = inject('docker')

/** The names that a browser's cookies had before they carried the port. */
const former = { session: '__Host-countersign', device: '__Host-countersign-device' }

describe('cookies of the bff-service', () => {
  let database: TestDatabase
  let trio: Trio

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = isDocker ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl, bffReplicas: 1 })
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const port = () => new URL(trio.publicUrl).port
  const signInFor = async (browser: BrowserClient) => {
    const { username, password } = await register(trio.auth.url)
    return browser.send('POST', '/bff/session', { body: { username, password } })
  }
  const serveAt = async (publicUrl: string) => {
    const bff = await trio.startBff({ PUBLIC_URL: publicUrl })
    onTestFinished(() => bff.stop())
    return createBrowserClient(publicUrl, bff.url)
  }

  test('plain http on loopback has no Secure, which WebKit would drop, and has the port in the name', async () => {
    const { headers } = await signInFor(createBrowserClient(trio.publicUrl))
    const [session, device] = headers.getSetCookie()
    const name = `countersign-${port()}`
    expect(session).toMatch(new RegExp(`^${name}=[\\w-]{43}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict$`))
    expect(device).toMatch(
      new RegExp(`^countersign-device-${port()}=csd1\\.[\\w-]{92}; Max-Age=7776000; Path=/; HttpOnly; SameSite=Lax$`)
    )
    expect(headers.get('Cache-Control')).toBe('no-store')
  })

  test.runIf(isDocker).each([
    ['https://app.example', ''],
    ['https://app.example:8443', '-8443'],
    ['https://localhost:8443', '-8443']
  ])('%s keeps __Host- and Secure', async (publicUrl, suffix) => {
    const [session, device] = (await signInFor(await serveAt(publicUrl))).headers.getSetCookie()
    expect(session).toMatch(
      new RegExp(`^__Host-countersign${suffix}=[\\w-]{43}; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Strict$`)
    )
    expect(device).toMatch(
      new RegExp(
        `^__Host-countersign-device${suffix}=csd1\\..+; Max-Age=7776000; Path=/; Secure; HttpOnly; SameSite=Lax$`
      )
    )
  })

  test('a session with the former cookie name stays valid, and gets the present name at the next page', async () => {
    const browser = createBrowserClient(trio.publicUrl)
    await signInFor(browser)
    const headers = { Cookie: `${former.session}=${browser.cookie}` }
    expect(await browser.send('GET', '/api/me', { headers })).toMatchObject({ status: 200 })
    const shown = await browser.send('GET', '/bff/session', { headers })
    expect(shown.status).toBe(200)
    expect(shown.headers.getSetCookie()).toEqual([
      `${former.session}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict`,
      `countersign-${port()}=${browser.cookie}; Max-Age=2592000; Path=/; HttpOnly; SameSite=Strict`
    ])
  })

  test('a cookie with the former name from another stack on this machine is not touched', async () => {
    const browser = createBrowserClient(trio.publicUrl)
    const headers = { Cookie: `${former.session}=${'A'.repeat(43)}; ${former.device}=csd1.other` }
    const { username, password } = await register(trio.auth.url)
    const signedIn = await browser.send('POST', '/bff/session', { body: { username, password }, headers })
    expect(signedIn.status).toBe(200)
    const signedOut = await browser.send('DELETE', '/bff/session', { headers })
    const set = [...signedIn.headers.getSetCookie(), ...signedOut.headers.getSetCookie()]
    expect(set.filter((line) => line.startsWith(former.session))).toEqual([])
  })

  test('a sign-out by the former name ends the session and clears both', async () => {
    const browser = createBrowserClient(trio.publicUrl)
    const thief = browser.copy()
    await signInFor(browser)
    thief.cookie = browser.cookie
    const headers = { Cookie: `${former.session}=${browser.cookie}` }
    const { headers: responseHeaders } = await browser.send('DELETE', '/bff/session', { headers })
    expect(responseHeaders.getSetCookie().map((line) => line.split(';')[0])).toEqual([
      `${former.session}=`,
      `countersign-${port()}=`
    ])
    expect(await thief.send('GET', '/bff/session')).toMatchObject({ status: 401 })
  })

  test('GET /bff/cookies shows whether the browser returns cookies, without a call to the issuer', async () => {
    const before = await query(database.url, 'SELECT count(*) FROM refresh_token_families')
    const browser = createBrowserClient(trio.publicUrl)
    const first = await browser.send('GET', '/bff/cookies')
    expect(first).toMatchObject({ status: 200, body: { enabled: false } })
    const [probe] = first.headers.getSetCookie()
    expect(probe).toBe(`countersign-probe-${port()}=1; Max-Age=60; Path=/; HttpOnly; SameSite=Strict`)
    const headers = { Cookie: (probe as string).split(';')[0] }
    expect(await browser.send('GET', '/bff/cookies', { headers })).toMatchObject({ body: { enabled: true } })
    expect(await query(database.url, 'SELECT count(*) FROM refresh_token_families')).toEqual(before)
  })
})
