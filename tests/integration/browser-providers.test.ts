import { randomBytes, randomUUID } from 'node:crypto'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { createBrowserClient, post, query, register, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type MockProvider, startMockProvider, visit } from './fixtures/mock-provider.ts'

const publicUrl = 'https://pages.example.com'

describe.skipIf(!inject('docker'))('a browser that signs in with another service', () => {
  let database: TestDatabase
  let trio: Trio
  let company: MockProvider

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: await createTestRedis(),
      bffReplicas: 1,
      publicUrl,
      env: { PAGES_URL: publicUrl, REGISTRATIONS_PER_ADDRESS: '1000' }
    })
    company = await startMockProvider()
    const admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    const provider = { kind: 'oidc', name: 'The company', client_id: 'our-client', issuer: company.issuer }
    expect((await post(`${trio.auth.url}/admin/providers`, { id: 'company', ...provider }, admin)).status).toBe(201)
  })
  afterAll(async () => {
    await company?.stop()
    await trio?.stop()
    await database?.drop()
  })

  /** A browser that keeps every cookie. */
  function newBrowser() {
    const cookies = new Map<string, string>()
    const client = createBrowserClient(publicUrl, trio.bffs[0]?.url)
    return {
      cookies,
      async send<T = Record<string, unknown>>(
        method: string,
        path: string,
        { headers, ...options }: { body?: unknown; headers?: Record<string, string | undefined> } = {}
      ) {
        const Cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
        const response = await client.send<T>(method, path, {
          ...options,
          headers: { ...(Cookie && { Cookie }), ...headers }
        })
        for (const line of response.headers.getSetCookie()) {
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) as unknown as [string, string, string]
          if (value === '') cookies.delete(name)
          else cookies.set(name, value)
        }
        return response
      }
    }
  }
  type Browser = ReturnType<typeof newBrowser>

  const start = async (browser: Browser, body: object = { purpose: 'sign_in' }) => {
    const started = await browser.send<{ authorization_url: string }>('POST', '/bff/providers/company/start', { body })
    expect(started.status, JSON.stringify(started.body)).toBe(200)
    return started
  }
  /** What a browser sends that another site has sent here. */
  const crossSite = { 'Sec-Fetch-Site': 'cross-site', 'X-Countersign-CSRF': undefined }
  const comeBack = (browser: Browser, parameters: Record<string, string>) =>
    browser.send<string>('GET', `/bff/providers/company/callback?${new URLSearchParams(parameters)}`, {
      headers: crossSite
    })
  const returnedOf = (page: string) => /name="returned" value="([\w-]+)"/.exec(page)?.[1] as string
  const form = { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Countersign-CSRF': undefined }
  const finish = (browser: Browser, returned: string, headers: Record<string, string | undefined> = {}) =>
    browser.send('POST', '/bff/providers/company/finish', {
      body: new URLSearchParams({ returned }).toString(),
      headers: { ...form, ...headers }
    })
  const whole = async (browser: Browser, body?: object) => {
    const { authorization_url } = (await start(browser, body)).body
    return finish(browser, returnedOf((await comeBack(browser, await visit(authorization_url))).body))
  }
  const providerCookie = '__Host-countersign-provider'

  test('goes there and comes back: only the form that the page of this origin sends starts a session', async () => {
    company.claims = { sub: randomUUID(), preferred_username: `ada-${randomBytes(4).toString('hex')}` }
    const browser = newBrowser()
    const started = await start(browser, { purpose: 'sign_in', return: '/admin/users?x=1' })
    expect(started.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-countersign-provider=[\w.-]+; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/
      )
    ])
    expect(Object.keys(started.body)).toEqual(['authorization_url'])
    const page = await comeBack(browser, await visit(started.body.authorization_url))
    expect(page.status).toBe(200)
    expect(page.headers.getSetCookie()).toEqual([])
    const policy = page.headers.get('Content-Security-Policy') ?? ''
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1]
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("form-action 'self'")
    expect(page.body).toContain(`<script nonce="${nonce}">`)
    expect(page.headers.get('Cache-Control')).toBe('no-store')
    expect(page.headers.get('Referrer-Policy')).toBe('same-origin')
    const finished = await finish(browser, returnedOf(page.body))
    expect({ status: finished.status, to: finished.headers.get('Location') }).toEqual({
      status: 303,
      to: '/admin/users?x=1'
    })
    expect(browser.cookies.has(providerCookie)).toBe(false)
    const session = await browser.send('GET', '/bff/session')
    expect(session).toMatchObject({ status: 200, body: { username: company.claims.preferred_username } })
    // Once more: the cookie has gone, and so has the transaction.
    expect((await finish(browser, returnedOf(page.body))).headers.get('Location')).toBe(
      '/sign-in?problem=invalid_transaction'
    )
  })

  test('another browser than the one that began is refused, and gets no session (fixation)', async () => {
    company.claims = { sub: randomUUID() }
    const [attacker, victim, other] = [newBrowser(), newBrowser(), newBrowser()]
    const started = await start(attacker)
    const returned = returnedOf((await comeBack(attacker, await visit(started.body.authorization_url))).body)
    await start(other)
    for (const browser of [victim, other]) {
      const page = await comeBack(browser, JSON.parse(Buffer.from(returned, 'base64url').toString()))
      const refused = await finish(browser, returnedOf(page.body))
      expect(refused.headers.get('Location')).toBe('/sign-in?problem=invalid_transaction')
      expect((await browser.send('GET', '/bff/session')).status).toBe(401)
    }
    expect((await finish(attacker, returned)).headers.get('Location')).toBe('/')
  })

  test('a form of another site is refused, and uses nothing up', async () => {
    company.claims = { sub: randomUUID() }
    const browser = newBrowser()
    const started = await start(browser)
    const returned = returnedOf((await comeBack(browser, await visit(started.body.authorization_url))).body)
    const foreign: Record<string, string | undefined>[] = [
      { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
      { 'Sec-Fetch-Site': 'same-site' },
      { 'Sec-Fetch-Site': undefined, Origin: 'null' },
      { 'Sec-Fetch-Site': undefined, Origin: undefined }
    ]
    for (const headers of foreign) expect((await finish(browser, returned, headers)).status).toBe(403)
    expect((await finish(browser, returned)).headers.get('Location')).toBe('/')
  })

  test('a response that is posted (Apple) comes without cookies, and leads to the same form', async () => {
    company.claims = { sub: randomUUID() }
    const browser = newBrowser()
    const started = await start(browser)
    const parameters = { ...(await visit(started.body.authorization_url)), user: '{"name":{"firstName":"Ada"}}' }
    const page = await newBrowser().send<string>('POST', '/bff/providers/company/callback', {
      body: new URLSearchParams(parameters).toString(),
      headers: { ...form, ...crossSite, Origin: company.origin }
    })
    expect(page.status).toBe(200)
    expect(page.headers.getSetCookie()).toEqual([])
    expect(JSON.parse(Buffer.from(returnedOf(page.body), 'base64url').toString())).toEqual(parameters)
    expect((await finish(browser, returnedOf(page.body))).headers.get('Location')).toBe('/')
  })

  test('nothing of the parameters is in the page as it came, and none counts twice', async () => {
    const page = await comeBack(newBrowser(), { state: '"><script>alert(1)</script>', '<b>': 'x' })
    expect(page.body).not.toContain('alert')
    expect(page.body).not.toContain('<b>')
    const twice = await newBrowser().send('GET', '/bff/providers/company/callback?state=a&state=b', {
      headers: crossSite
    })
    expect(twice.status).toBe(400)
    const odd = await newBrowser().send('GET', '/bff/providers/%22%3E/callback?state=a', { headers: crossSite })
    expect(odd.status).toBe(400)
  })

  test.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    '/a//b'
  ])('a path like %j to return to is not followed', async (path) => {
    company.claims = { sub: randomUUID() }
    const finished = await whole(newBrowser(), { purpose: 'sign_in', return: path })
    expect(finished.headers.get('Location')).toBe('/')
  })

  test('a user who declines, and a provider that is unavailable, lead to the sign-in page with the reason', async () => {
    const browser = newBrowser()
    const { authorization_url } = (await start(browser, { purpose: 'sign_in', return: '/admin' })).body
    const state = new URL(authorization_url).searchParams.get('state') as string
    const page = await comeBack(browser, { state, error: 'access_denied' })
    const declined = await finish(browser, returnedOf(page.body))
    expect(declined.headers.get('Location')).toBe('/sign-in?problem=provider_declined&return=%2Fadmin')
    expect((await browser.send('POST', '/bff/providers/unknown/start', { body: { purpose: 'sign_in' } })).status).toBe(
      404
    )
  })

  test('a second factor that is missing leads to the sign-in page, and the flow is in a cookie alone', async () => {
    company.claims = { sub: randomUUID() }
    const browser = newBrowser()
    await whole(browser)
    const { body } = await browser.send<{ user_id: string }>('GET', '/bff/session')
    await query(database.url, "INSERT INTO totp_factors (user_id, sealed_seed, last_step) VALUES ($1, '\\x00', 0)", [
      body.user_id
    ])
    const fresh = newBrowser()
    const finished = await whole(fresh)
    const [location, fragment] = (finished.headers.get('Location') ?? '').split('#')
    expect(location).toBe('/sign-in?problem=factor_required')
    expect(JSON.parse(Buffer.from(fragment as string, 'base64url').toString())).toEqual({
      expires_in: 600,
      factors: ['totp', 'recovery_code'],
      enrolment: null
    })
    expect(fresh.cookies.get('__Host-countersign-flow')).toMatch(/^[\w-]{43}$/)
    expect((await fresh.send('GET', '/bff/session')).status).toBe(401)
  })

  test('a user links an identity within the session, and nobody does so without one', async () => {
    const user = await register(trio.auth.url)
    const browser = newBrowser()
    const signedIn = await browser.send('POST', '/bff/session', {
      body: { username: user.username, password: user.password }
    })
    expect(signedIn.status).toBe(200)
    company.claims = { sub: randomUUID() }
    const linked = await whole(browser, { purpose: 'link' })
    expect(linked.headers.get('Location')).toBe('/?linked=company')
    const identities = await browser.send<{ identities: { id: string }[] }>('GET', '/account/auth/me/identities')
    expect(identities.body.identities).toHaveLength(1)
    // The session is the same one, and another browser gets in with the identity.
    expect((await browser.send('GET', '/bff/session')).body).toEqual(signedIn.body)
    const other = newBrowser()
    await whole(other)
    expect((await other.send('GET', '/bff/session')).body).toMatchObject({ user_id: user.id })
    const anonymous = await newBrowser().send('POST', '/bff/providers/company/start', { body: { purpose: 'link' } })
    expect(anonymous.status).toBe(401)
    // The page showed somebody else.
    const shown = { body: { purpose: 'link' }, headers: { 'X-Countersign-User': randomUUID() } }
    expect((await browser.send('POST', '/bff/providers/company/start', shown)).status).toBe(409)
    // The session has ended while the browser was there.
    const begun = await start(browser, { purpose: 'link' })
    const page = await comeBack(browser, await visit(begun.body.authorization_url))
    browser.cookies.delete('__Host-countersign')
    expect((await finish(browser, returnedOf(page.body))).headers.get('Location')).toBe('/?problem=not_signed_in')
  })

  test('the pages get the names of the providers', async () => {
    const { body } = await newBrowser().send('GET', '/bff/providers')
    expect(body).toEqual({ providers: [{ id: 'company', name: 'The company', kind: 'oidc' }] })
  })
})
