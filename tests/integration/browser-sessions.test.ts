import { setTimeout as delay } from 'node:timers/promises'
import {
  createTestDatabase,
  createTestRedis,
  expectRefusedWithin,
  runningTimeOf,
  startRedisFaults,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase
} from '@countersign/testing'
import {
  cookieNames,
  createBrowserClient,
  get,
  query,
  readFamily,
  register,
  send,
  signIn,
  startTrio,
  type Trio,
  untilReady,
  usedSecrets
} from '@countersign/testing/trio'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

const isDocker = inject('docker')

describe('sessions of browsers', () => {
  let database: TestDatabase
  let redisUrl: string | undefined
  let trio: Trio
  /** No session is older. */
  const startedAt = performance.now()
  /** A session whose access token grows old while the other tests run. */
  let early: Awaited<ReturnType<typeof signedInAt>>

  beforeAll(async () => {
    database = await createTestDatabase()
    redisUrl = isDocker ? await createTestRedis() : undefined
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl,
      bffReplicas: isDocker ? 2 : 1,
      env: { REGISTRATIONS_PER_ADDRESS: '1000', ACCESS_TOKEN_TTL_SECONDS: '30' }
    })
    early = await signedInAt()
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const newBrowser = () => createBrowserClient(trio.publicUrl)
  const signedIn = async () => {
    const user = await register(trio.auth.url)
    const browser = newBrowser()
    return { user, browser, session: await browser.signIn(user) }
  }
  /** With the time from which its access token grows old. */
  const signedInAt = async () => ({ ...(await signedIn()), at: performance.now() })
  const admin = async () =>
    (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token

  test('the main job: sign in, see the APIs, sign out; then neither the copied cookie nor the family works', async () => {
    const { user, browser, session } = await signedIn()
    expect(session).toEqual({
      user_id: user.id,
      username: user.username,
      roles: [],
      session_id: expect.stringMatching(/^[0-9a-f-]{36}$/)
    })
    const thief = browser.copy()
    expect(await browser.send('GET', '/api/me')).toMatchObject({ status: 200, body: { id: user.id } })
    expect(await browser.send('GET', '/account/auth/me')).toMatchObject({ status: 200, body: { id: user.id } })
    expect(await thief.send('GET', '/bff/session')).toMatchObject({ status: 200 })
    expect(await browser.send('DELETE', '/bff/session')).toMatchObject({ status: 204 })
    expect(browser.cookie).toBeUndefined()
    for (const path of ['/bff/session', '/api/me', '/account/auth/me']) {
      expect(await thief.send('GET', path)).toMatchObject({ status: 401, body: { error: 'not_signed_in' } })
    }
    expect(await readFamily(database.url, session.session_id)).toMatchObject({ revoked_reason: 'logout' })
  })

  test('no response that scripts can read holds a token', async () => {
    const { browser } = await signedIn()
    const paths = ['/bff/session', '/api/me', '/account/auth/me', '/account/auth/sessions']
    for (const path of paths) {
      const { body, headers } = await browser.send('GET', path)
      expect(JSON.stringify([body, ...headers])).not.toMatch(/eyJ|csr1\./)
    }
  })

  test.each(['/account/auth/login', '/account/auth/refresh', '/account/auth/logout', '/account/oauth/token'])(
    '%s, which returns tokens or ends a session behind our back, is not to be reached',
    async (path) => {
      const { browser } = await signedIn()
      expect(await browser.send('POST', path, { body: {} })).toMatchObject({ status: 404 })
    }
  )

  test('an id that somebody has planted is not taken over by a sign-in', async () => {
    const user = await register(trio.auth.url)
    const browser = newBrowser()
    const planted = 'A'.repeat(43)
    browser.cookie = planted
    await browser.signIn(user)
    expect(browser.cookie).not.toBe(planted)
    const planter = newBrowser()
    planter.cookie = planted
    expect(await planter.send('GET', '/bff/session')).toMatchObject({ status: 401 })
  })

  test('a sign-in over a session that lives ends that one, with its family', async () => {
    const { user, browser, session } = await signedIn()
    const former = browser.copy()
    await browser.signIn(user)
    expect(await former.send('GET', '/bff/session')).toMatchObject({ status: 401 })
    expect(await readFamily(database.url, session.session_id)).toMatchObject({ revoked_reason: 'logout' })
    expect(await browser.send('GET', '/api/me')).toMatchObject({ status: 200 })
  })

  test('a failed sign-in returns the error of the issuer, and keeps the present session', async () => {
    const { user, browser } = await signedIn()
    const wrong = { username: user.username, password: 'not the password' }
    usedSecrets.add(wrong.password)
    const refused = await browser.send('POST', '/bff/session', { body: wrong })
    expect(refused).toMatchObject({ status: 401, body: { error: 'invalid_credentials' } })
    expect(refused.headers.get('Set-Cookie')).toBeNull()
    expect(await browser.send('GET', '/bff/session')).toMatchObject({ status: 200 })
  })

  test('too many failures get the time to wait', async () => {
    const user = await register(trio.auth.url)
    const wrong = { username: user.username, password: 'also not the password' }
    usedSecrets.add(wrong.password)
    let last = await newBrowser().send('POST', '/bff/session', { body: wrong })
    for (let i = 0; i < 12 && last.status === 401; i++) {
      last = await newBrowser().send('POST', '/bff/session', { body: wrong })
    }
    expect(last).toMatchObject({ status: 429, body: { error: 'too_many_requests' } })
    expect(Number(last.headers.get('Retry-After'))).toBeGreaterThan(0)
  })

  test('registers, and passes on the problems of an account', async () => {
    const browser = newBrowser()
    const account = { username: `browser-${Date.now()}`, password: 'a fine long password', email: 'b@example.com' }
    usedSecrets.add(account.password)
    expect(await browser.send('POST', '/bff/registration', { body: account })).toMatchObject({
      status: 201,
      body: { username: account.username }
    })
    expect(await browser.send('POST', '/bff/registration', { body: account })).toMatchObject({ status: 409 })
    expect(
      await browser.send('POST', '/bff/registration', { body: { ...account, username: 'x y', password: 'short' } })
    ).toMatchObject({ status: 400, body: { error: 'invalid_request', issues: [{ path: 'username' }] } })
    await browser.signIn(account)
  })

  test.each<[string, unknown]>([
    ['no object', []],
    ['an unknown member', { username: 'a', password: 'b', admin: true }],
    ['another type', { username: 1, password: ['b'] }],
    ['no JSON', '{']
  ])('a sign-in with %s is 400', async (_, body) => {
    const headers = { 'Content-Type': 'application/json' }
    expect(await newBrowser().send('POST', '/bff/session', { body, headers })).toMatchObject({ status: 400 })
  })

  test.each(['', 'x', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}=`, '"quoted"', 'A'.repeat(4000)])(
    'a cookie that is no session id (%#) is nobody',
    async (value) => {
      const browser = newBrowser()
      const headers = { Cookie: `${cookieNames(trio.publicUrl).session}=${value}` }
      expect(await browser.send('GET', '/api/me', { headers })).toMatchObject({
        status: 401,
        body: { error: 'not_signed_in' }
      })
    }
  )

  test('two cookies with the name count as none: one of them was planted', async () => {
    const { browser } = await signedIn()
    const name = cookieNames(trio.publicUrl).session
    const headers = { Cookie: `${name}=${browser.cookie}; ${name}=${'A'.repeat(43)}` }
    expect(await browser.send('GET', '/api/me', { headers })).toMatchObject({ status: 401 })
  })

  describe('requests that other sites make', () => {
    const origin = { Origin: 'http://evil.example' }
    const cases: [string, string, Record<string, string | undefined>, number][] = [
      [
        'a form of another site',
        'POST',
        { ...origin, 'Sec-Fetch-Site': 'cross-site', 'X-Countersign-CSRF': undefined },
        403
      ],
      ['a fetch of another site', 'POST', { ...origin, 'Sec-Fetch-Site': 'cross-site' }, 403],
      ['a sibling of the same site', 'POST', { ...origin, 'Sec-Fetch-Site': 'same-site' }, 403],
      ['an origin that is opaque', 'POST', { Origin: 'null', 'Sec-Fetch-Site': undefined }, 403],
      ['an origin of another scheme', 'POST', { Origin: 'https://localhost', 'Sec-Fetch-Site': undefined }, 403],
      ['neither header', 'POST', { Origin: undefined, 'Sec-Fetch-Site': undefined }, 403],
      ['headers that contradict each other', 'POST', origin, 403],
      ['no header of our own', 'POST', { 'X-Countersign-CSRF': undefined }, 403],
      ['a typed address with a body', 'POST', { 'Sec-Fetch-Site': 'none' }, 403],
      ['a read of another site', 'GET', { 'Sec-Fetch-Site': 'cross-site' }, 403],
      ['a read of a typed address', 'GET', { 'Sec-Fetch-Site': 'none' }, 200],
      ['an old browser that says its origin', 'POST', { 'Sec-Fetch-Site': undefined }, 204]
    ]
    test.each(cases)('%s: %s', async (_, method, headers, status) => {
      const { browser, session } = await signedIn()
      const path = method === 'GET' ? '/account/auth/sessions' : '/account/auth/logout-all'
      const response = await browser.send(method, path, { headers })
      expect(response.status).toBe(status)
      const { revoked_at: revokedAt } = await readFamily(database.url, session.session_id)
      expect(revokedAt === null).toBe(status !== 204)
      expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull()
    })

    test('a pre-flight is not granted anything', async () => {
      const headers = {
        Origin: 'http://evil.example',
        'Access-Control-Request-Method': 'POST',
        'Sec-Fetch-Site': 'cross-site'
      }
      const response = await newBrowser().send('OPTIONS', '/bff/session', { headers })
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    })

    test('a sign-in that another site starts is refused before it is tried', async () => {
      const user = await register(trio.auth.url)
      const { status, headers } = await newBrowser().send('POST', '/bff/session', {
        body: { username: user.username, password: user.password },
        headers: { ...origin, 'Sec-Fetch-Site': 'cross-site' }
      })
      expect(status).toBe(403)
      expect(headers.get('Set-Cookie')).toBeNull()
      expect(await query(database.url, 'SELECT 1 FROM refresh_token_families WHERE user_id = $1', [user.id])).toEqual(
        []
      )
    })
  })

  describe('a page that names its user in X-Countersign-User', () => {
    const asUser = (id: string) => ({ 'X-Countersign-User': id })

    test.each([
      ['POST', '/account/auth/logout-all'],
      ['POST', '/api/me'],
      ['GET', '/account/auth/me'],
      ['DELETE', '/bff/session']
    ])('%s %s in the session of another user is 409, and the session lives', async (method, path) => {
      const [{ browser, session }, { user: other }] = [await signedIn(), await signedIn()]
      const response = await browser.send(method, path, { headers: asUser(other.id) })
      expect(response).toMatchObject({ status: 409, body: { error: 'session_changed' } })
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await readFamily(database.url, session.session_id)).toMatchObject({ revoked_at: null })
    })

    test('is served in a session of that user, and without a session gets the usual 401', async () => {
      const { user, browser } = await signedIn()
      expect(await browser.send('GET', '/api/me', { headers: asUser(user.id) })).toMatchObject({ status: 200 })
      expect(await browser.send('DELETE', '/bff/session', { headers: asUser(user.id) })).toMatchObject({ status: 204 })
      expect(await browser.send('GET', '/api/me', { headers: asUser(user.id) })).toMatchObject({ status: 401 })
    })
  })

  test('a request for another name gets the address of the site', async () => {
    const host = `127.0.0.1:${new URL(trio.publicUrl).port}`
    const reader = await newBrowser().send<string>('GET', '/', { headers: { Host: host, Accept: 'text/html' } })
    expect(reader.status).toBe(421)
    expect(reader.body).toContain(trio.publicUrl)
    for (const path of ['/bff/session', '/api/me', '/assets/x.js', '/nowhere']) {
      const response = await newBrowser().send('GET', path, { headers: { Host: 'evil.example' } })
      expect(response).toMatchObject({ status: 421, body: { error: 'misdirected_request' } })
    }
  })

  test('the lists of sessions show the browser and its address, which a client cannot forge', async () => {
    const { user, browser } = await signedIn()
    const spoof = { 'X-Forwarded-For': '203.0.113.7', Forwarded: 'for=203.0.113.7' }
    const direct = await send<{ access_token: string }>(`${trio.auth.url}/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...spoof, 'X-Countersign-Forwarder-Key': 'A'.repeat(43) },
      body: JSON.stringify({ username: user.username, password: user.password })
    })
    usedSecrets.add(direct.body.access_token)
    await browser.send('GET', '/account/auth/me', { headers: spoof })
    const { body } = await browser.send<{ sessions: { address: string; user_agent: string; current: boolean }[] }>(
      'GET',
      '/account/auth/sessions',
      { headers: spoof }
    )
    expect(body.sessions.map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.1'])
    expect(body.sessions.find(({ current }) => current)).toMatchObject({ user_agent: 'Test browser' })
  })

  test('a disabled user is out at the next click', async () => {
    const { user, browser, session } = await signedIn()
    const { status } = await send(`${trio.auth.url}/admin/users/${user.id}`, {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${await admin()}` },
      body: JSON.stringify({ disabled: true })
    })
    expect(status).toBe(200)
    await expectRefusedWithin(1000, async () => (await browser.send('GET', '/api/me')).status)
    expect(await browser.send('GET', '/bff/session')).toMatchObject({ status: 401, body: { error: 'not_signed_in' } })
    expect((await readFamily(database.url, session.session_id)).revoked_at).not.toBeNull()
  })

  test('GET /bff/session shows it as soon as the issuer has ended the session, from the first request on', async () => {
    const { user, browser, session } = await signedIn()
    const { access_token: token } = await signIn(trio.auth.url, user)
    const before = await readFamily(database.url, session.session_id)
    expect(await browser.send('GET', '/bff/session')).toMatchObject({ status: 200, body: session })
    // The question causes no refresh.
    expect(await readFamily(database.url, session.session_id)).toEqual(before)
    const { status } = await send(`${trio.auth.url}/auth/sessions/${session.session_id}`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${token}` }
    })
    expect(status).toBe(204)
    expect(await browser.send('GET', '/bff/session')).toMatchObject({ status: 401, body: { error: 'not_signed_in' } })
  })

  test('a revoked key is not noticed: the token it signed is exchanged on the way, also for a request with a body', async () => {
    const { user, browser, session } = await signedIn()
    const authorization = { Authorization: `Bearer ${await admin()}` }
    const keys = await send<{ keys: { kid: string; state: string }[] }>(`${trio.auth.url}/admin/keys`, {
      headers: authorization
    })
    const kid = keys.body.keys.find(({ state }) => state === 'signing')?.kid
    expect(
      (await send(`${trio.auth.url}/admin/keys/${kid}/revoke`, { method: 'POST', headers: authorization })).status
    ).toBe(200)
    // The first request with the refused token is the one with a body.
    const body = { current_password: user.password, new_password: 'another fine password' }
    usedSecrets.add(body.new_password)
    expect(await browser.send('POST', '/account/auth/password', { body })).toMatchObject({ status: 204 })
    expect(await browser.send('GET', '/api/me')).toMatchObject({ status: 200, body: { id: user.id } })
    expect(await readFamily(database.url, session.session_id)).toMatchObject({ generation: 1, revoked_at: null })
    const { body: shown } = await get<{ keys: { kid: string }[] }>(`${trio.auth.url}/.well-known/jwks.json`)
    expect(shown.keys.map((key) => key.kid)).not.toContain(kid)
  })

  test('a wrong current password is an error, not the end of the session', async () => {
    const { browser } = await signedIn()
    const body = { current_password: 'certainly wrong', new_password: 'another fine password' }
    usedSecrets.add(body.current_password)
    expect(await browser.send('POST', '/account/auth/password', { body })).toMatchObject({
      status: 400,
      body: { issues: [{ path: 'current_password' }] }
    })
    expect(await browser.send('GET', '/bff/session')).toMatchObject({ status: 200 })
  })

  test('fifty requests at the moment when the access token expires: all 200, one rotation, over two replicas', async () => {
    // It lives 30 s, and is refreshed when a quarter is left.
    const ripeMs = 22_700
    const isYoung = performance.now() < early.at + ripeMs
    const { user, browser, session, at } = isYoung ? early : await signedInAt()
    const before = await readFamily(database.url, session.session_id)
    await delay(at + ripeMs - performance.now())
    const replicas = trio.bffs.map(({ url }) => url)
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        browser.send('GET', '/api/me', { at: replicas[i % replicas.length] as string })
      )
    )
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]))
    expect(responses.every(({ body }) => body.id === user.id)).toBe(true)
    const after = await readFamily(database.url, session.session_id)
    expect(after).toMatchObject({ generation: before.generation + 1, revoked_at: null })
    expect(await browser.send('GET', '/api/me')).toMatchObject({ status: 200 })
  }, 120_000)

  test.skipIf(!isDocker)('Redis has neither an id nor a token, and each session only for its time', async () => {
    const { browser, session } = await signedIn()
    const client = createClient({ url: redisUrl as string })
    await client.connect()
    try {
      const keys = await client.keys('countersign:browser-session:*')
      expect(keys.length).toBeGreaterThan(0)
      for (const key of keys) {
        const value = (await client.get(key)) as string
        const [header] = value.slice(value.indexOf('.') + 1).split('.') as [string]
        expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'dir', enc: 'A256GCM' })
        expect(`${key} ${value}`).not.toContain(browser.cookie)
        expect(value).not.toContain(session.user_id)
        expect(await client.ttl(key)).toBeGreaterThan(604_790 - (performance.now() - startedAt) / 1000)
      }
    } finally {
      client.destroy()
    }
  })
})

// Most of the time passes while an access token expires, and each test has its own services and proxies.
describe.skipIf(!isDocker).concurrent('sessions of browsers while something is unavailable', () => {
  let database: TestDatabase
  let redisUrl: string
  let trio: Trio
  const proxies: TcpProxy[] = []

  beforeAll(async () => {
    database = await createTestDatabase()
    redisUrl = await createTestRedis()
    trio = await startTrio({ databaseUrl: database.url, redisUrl, env: { ACCESS_TOKEN_TTL_SECONDS: '30' } })
  })
  afterAll(async () => {
    await trio?.stop()
    await Promise.all(proxies.map((proxy) => proxy.close()))
    await database?.drop()
  })

  const startProxy = async (target: string) => {
    const proxy = await startTcpProxy({ target })
    proxies.push(proxy)
    return proxy
  }
  const startBrowser = async () => {
    const [redis, auth] = await Promise.all([startProxy(redisUrl), startProxy(trio.auth.url)])
    const bff = await trio.startBff({ REDIS_URL: redis.url, AUTH_URL: auth.url, PUBLIC_URL: 'http://localhost:4002' })
    const browser = createBrowserClient('http://localhost:4002', bff.url)
    const user = await register(trio.auth.url)
    await untilReady(bff)
    return { bff, browser, session: await browser.signIn(user), redis, auth }
  }

  test('without Redis the bff-service returns 503, and with Redis the session is there again', async ({ expect }) => {
    const { bff, browser, redis } = await startBrowser()
    await redis.cut()
    try {
      const response = await browser.send('GET', '/api/me')
      expect(response).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
      expect(response.headers.get('Retry-After')).toBe('1')
      expect(response.headers.get('Set-Cookie')).toBeNull()
      expect(await browser.send('DELETE', '/bff/session')).toMatchObject({ status: 503 })
      expect(await (await fetch(`${bff.managementUrl}/health/ready`)).json()).toMatchObject({ status: 'degraded' })
    } finally {
      await redis.restore()
    }
    await expect.poll(async () => (await browser.send('GET', '/api/me')).status, { timeout: 5000 }).toBe(200)
    await bff.stop()
  })

  test('without the issuer a token works until it expires; a sign-out succeeds, and reaches the issuer later', async ({
    expect
  }) => {
    const { bff, browser, session, auth } = await startBrowser()
    await auth.cut()
    try {
      expect(await browser.send('GET', '/api/me')).toMatchObject({ status: 200 })
      const account = await browser.send('GET', '/account/auth/me')
      expect(account).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
      await delay(23_000)
      expect(await browser.send('GET', '/api/me')).toMatchObject({ status: 200 })
      await delay(7_200)
      expect(await browser.send('GET', '/api/me')).toMatchObject({ status: 503 })
      const thief = browser.copy()
      expect(await browser.send('DELETE', '/bff/session')).toMatchObject({ status: 204 })
      expect(await thief.send('GET', '/bff/session')).toMatchObject({ status: 401 })
      expect((await readFamily(database.url, session.session_id)).revoked_at).toBeNull()
    } finally {
      await auth.restore()
    }
    await expect
      .poll(async () => (await readFamily(database.url, session.session_id)).revoked_reason, { timeout: 10_000 })
      .toBe('logout')
    await bff.stop()
  }, 120_000)

  test('an issuer that hangs delays a request with a valid token by a second, and later ones by almost nothing', async ({
    expect
  }) => {
    const { bff, browser, session, auth } = await startBrowser()
    await delay(22_700)
    const timed = async (path: string) => {
      let status = 0
      const ms = await runningTimeOf(async () => {
        status = (await browser.send('GET', path)).status
      })
      return { status, ms }
    }
    auth.pause()
    try {
      const first = await timed('/api/me')
      expect(first.status).toBe(200)
      expect(first.ms).toBeLessThan(3000)
      const behind = []
      for (const path of ['/api/me', '/bff/session', '/api/me']) behind.push(await timed(path))
      expect(behind.map(({ status }) => status)).toEqual([200, 200, 200])
      // The median: each of them would wait for the issuer, and a busy machine holds up one.
      const [, median] = behind.map(({ ms }) => ms).sort((one, other) => one - other)
      expect(median).toBeLessThan(900)
    } finally {
      auth.resume()
    }
    await expect
      .poll(async () => (await readFamily(database.url, session.session_id)).generation, { timeout: 5000 })
      .toBe(1)
    expect(await browser.send('GET', '/bff/session')).toMatchObject({ status: 200, body: session })
    await bff.stop()
  }, 120_000)

  test('a sign-in succeeds even if the former session cannot be removed, and that session is useless', async ({
    expect,
    onTestFinished
  }) => {
    const faults = await startRedisFaults(redisUrl)
    onTestFinished(() => faults.close())
    const bff = await trio.startBff({ REDIS_URL: faults.url, PUBLIC_URL: 'http://localhost:4002' })
    const browser = createBrowserClient('http://localhost:4002', bff.url)
    const user = await register(trio.auth.url)
    const session = await browser.signIn(user)
    const former = browser.copy()
    const takeAway = faults.intercept({
      matches: /^DEL countersign:browser-session/,
      moment: 'before_sending',
      times: 10,
      action: (exchange) => exchange.cut()
    })
    const response = await browser.send('POST', '/bff/session', {
      body: { username: user.username, password: user.password }
    })
    takeAway()
    expect(response.status).toBe(200)
    expect(browser.cookie).not.toBe(former.cookie)
    expect(await readFamily(database.url, session.session_id)).toMatchObject({ revoked_reason: 'logout' })
    await expect.poll(async () => (await browser.send('GET', '/api/me')).status, { timeout: 5000 }).toBe(200)
    expect(bff.logs()).toContain('the previous session is still in the store')
    expect(await former.send('GET', '/bff/session')).toMatchObject({ status: 401 })
    expect(await former.send('GET', '/api/me')).toMatchObject({ status: 401 })
    await bff.stop()
  })

  test('a refresh whose response is lost is repeated, and no user is signed out', async ({ expect }) => {
    const { bff, browser, session, auth } = await startBrowser()
    await delay(22_700)
    auth.pause()
    const response = browser.send('GET', '/api/me')
    await delay(300)
    auth.dropConnections()
    auth.resume()
    expect(await response).toMatchObject({ status: 200 })
    await expect
      .poll(() => readFamily(database.url, session.session_id))
      .toMatchObject({ generation: 1, revoked_at: null })
    expect(await browser.send('GET', '/api/me')).toMatchObject({ status: 200 })
    await bff.stop()
  }, 120_000)
})
