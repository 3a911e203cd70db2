import { connect } from 'node:net'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import { type Credentials, get, register, send, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

const json = { 'Content-Type': 'application/json' }
const bodyRoutes = ['/auth/register', '/auth/login', '/auth/refresh', '/auth/logout', '/auth/password']

describe('bad input', () => {
  let database: TestDatabase
  let trio: Trio
  let user: Credentials
  let accessToken: string

  beforeAll(async () => {
    database = await createTestDatabase()
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({ databaseUrl: database.url, redisUrl, env: { REGISTRATIONS_PER_ADDRESS: '100000' } })
    user = await register(trio.auth.url)
    accessToken = (await signIn(trio.auth.url, user)).access_token
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const postRaw = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = json) =>
    send(`${trio.auth.url}${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${accessToken}`, ...headers },
      body
    })

  const bodies: [string, string | Uint8Array<ArrayBuffer>, number][] = [
    ['an empty body', '', 400],
    ['a body of 1 MiB', `{"username":"${'a'.repeat(1024 * 1024)}"}`, 413],
    ['a body one byte over 16 KiB', ' '.repeat(16 * 1024 + 1), 413],
    ['a body that is cut off', '{"username":"a', 400],
    ['a body of white space', '   ', 400],
    ['a body that is not UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22]), 400],
    ['deeply nested arrays', '['.repeat(8000) + ']'.repeat(8000), 400],
    ['deeply nested objects', `${'{"a":'.repeat(2500)}1${'}'.repeat(2500)}`, 400],
    ['an array', '[]', 400],
    ['a number', '1', 400],
    ['null', 'null', 400],
    ['numbers for texts', '{"username":1,"password":2,"refresh_token":3,"current_password":4,"new_password":5}', 400],
    [
      'objects for texts',
      '{"username":{},"password":{},"refresh_token":{},"current_password":{},"new_password":{}}',
      400
    ],
    ['arrays for texts', '{"username":["a"],"password":["b"],"refresh_token":["c"]}', 400],
    ['an unknown member', '{"username":"alice","password":"wonderland-42","is_admin":true}', 400],
    [
      'a thousand unknown members',
      JSON.stringify(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`m${i}`, i]))),
      400
    ],
    ['a prototype', '{"__proto__":{"username":"alice"},"constructor":{"prototype":{}}}', 400]
  ]

  describe.each(bodyRoutes)('POST %s', (path) => {
    test.each(bodies)('responds to %s with a 4xx that names the problem', async (_, body, status) => {
      const response = await postRaw(path, body)
      if (path === '/auth/logout' && body === '') {
        // Logging out needs no body at all.
        expect(response.status).toBe(204)
        accessToken = (await signIn(trio.auth.url, user)).access_token
        return
      }
      expect(response.status).toBe(status)
      expect(response.body).toMatchObject({
        error: expect.stringMatching(/^[a-z_]+$/),
        error_description: expect.any(String)
      })
      expect(response.headers.get('Cache-Control')).toBe('no-store')
      expect(JSON.stringify(response.body).length).toBeLessThan(4000)
    })

    test.each([
      ['none', {}],
      ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
      ['another charset', { 'Content-Type': 'application/json; charset=utf-16' }],
      ['a compressed one', { ...json, 'Content-Encoding': 'gzip' }]
    ])('responds to the content type %s with 415', async (_, headers) => {
      const response = await postRaw(path, new TextEncoder().encode('{"a":1}'), headers)
      expect(response).toMatchObject({ status: 415, body: { error: 'unsupported_media_type' } })
    })

    test('responds to other methods with 405 that names the right one', async () => {
      // Everybody may read whether registration is open.
      const allowed = path === '/auth/register' ? ['HEAD', 'GET', 'POST'] : ['POST']
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'].filter((one) => !allowed.includes(one))) {
        const response = await send(`${trio.auth.url}${path}`, { method })
        expect(response).toMatchObject({ status: 405, body: { error: 'method_not_allowed' } })
        expect(response.headers.get('Allow')?.split(', ').sort()).toEqual(allowed.sort())
      }
    })
  })

  test.each([
    ['a NUL byte', 'a\\u0000b'],
    ['a lone surrogate', 'a\\ud800b'],
    ['a line break', 'a\\nb'],
    ['a direction override', 'a\\u202eb'],
    ['white space', 'a b'],
    ['65 characters', 'x'.repeat(65)],
    ['nothing', '']
  ])('a username with %s is refused at registration, by its path', async (_, username) => {
    const response = await postRaw('/auth/register', `{"username":"${username}","password":"wonderland-42"}`)
    expect(response).toMatchObject({ status: 400, body: { error: 'invalid_request', issues: [{ path: 'username' }] } })
  })

  test.each(['a\\u0000b', 'a\\ud800b', '\\u0000'])('a sign-in as %j is refused without a 500', async (username) => {
    const response = await postRaw('/auth/login', `{"username":"${username}","password":"wonderland-42"}`)
    expect(response).toMatchObject({ status: 400, body: { issues: [{ path: 'username' }] } })
  })

  test('a password of 100,000 characters is refused', async () => {
    const body = JSON.stringify({ username: 'long-password', password: 'x'.repeat(100_000) })
    expect((await postRaw('/auth/register', body)).status).toBe(413)
    expect((await postRaw('/auth/login', body)).status).toBe(413)
  })

  test('a password that is too short, too long, common or malformed is refused with the reason', async () => {
    for (const [password, reason] of [
      ['short', /at least 8/],
      ['x'.repeat(257), /at most 256/],
      ['password123', /most used/],
      ['lone\ud800surrogate', /valid Unicode/]
    ] as const) {
      const response = await postRaw('/auth/register', JSON.stringify({ username: 'some-user', password }))
      expect(response).toMatchObject({ status: 400, body: { issues: [{ path: 'password' }] } })
      expect(JSON.stringify(response.body)).toMatch(reason)
    }
  })

  test('an unknown route is 404, also with a malformed path', async () => {
    for (const path of [
      '/',
      '/nothing',
      '/auth/sessions/a/b',
      '/%',
      '/%ff',
      '//auth/login',
      '/auth/../admin',
      `/${'a'.repeat(8000)}`
    ]) {
      const response = await get(`${trio.auth.url}${path}`)
      expect([400, 404]).toContain(response.status)
      expect(response.body).toMatchObject({ error: expect.any(String) })
    }
  })

  test('a malformed session id is 404 and no query error', async () => {
    for (const id of ['x', '%00', '..%2f', "'", '1e1', '00000000-0000-0000-0000-00000000000g']) {
      const response = await send(`${trio.auth.url}/auth/sessions/${id}`, {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${accessToken}` }
      })
      expect(response.status).toBe(404)
    }
  })

  test.each(['auth', 'resource'] as const)(
    'a flood of headers at the %s-service is 431, and what is no HTTP is 400',
    async (name) => {
      const { url } = trio[name]
      const large = await rawRequest(
        url,
        `GET /health/live HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(64 * 1024)}\r\n\r\n`
      )
      expect(large).toMatch(/^HTTP\/1\.1 431 .*"error":"invalid_request"/s)
      const many = await rawRequest(url, `GET /health/live HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(10_000)}\r\n`)
      expect(many).toMatch(/^HTTP\/1\.1 431 /)
      expect(await rawRequest(url, 'NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*"error":"invalid_request"/s)
    }
  )

  test.each([
    ['no token', {}, 401, /^Bearer resource_metadata=/],
    ['another scheme', { Authorization: 'Basic YTpi' }, 401, /^Bearer resource_metadata=/],
    ['an empty token', { Authorization: 'Bearer ' }, 400, /error="invalid_request"/],
    ['a token of rubbish', { Authorization: 'Bearer !!!' }, 401, /error="invalid_token"/],
    ['a token of 9 KiB', { Authorization: `Bearer ${'a'.repeat(9 * 1024)}` }, 401, /error="invalid_token"/],
    ['a refresh token', { Authorization: 'Bearer csr1.AAAA' }, 401, /error="invalid_token"/]
  ])('the resource-service responds to %s with its status and challenge', async (_, headers, status, challenge) => {
    const response = await send(`${trio.resource.url}/me`, { headers: headers as Record<string, string> })
    expect(response.status).toBe(status)
    expect(response.headers.get('WWW-Authenticate')).toMatch(challenge)
    expect(response.headers.get('Cache-Control')).toBe('no-store')
  })

  test('a refusal of an access token is logged with the id of its request', async () => {
    await send(`${trio.resource.url}/me`, { headers: { Authorization: 'Bearer a.b.c', 'X-Request-Id': 'trace-me-1' } })
    await expect
      .poll(
        () =>
          trio
            .logs()
            .split('\n')
            .filter((line) => line.includes('trace-me-1')).length,
        { timeout: 2000 }
      )
      .toBe(2)
    expect(trio.logs()).toMatch(/"request_id":"trace-me-1".*"access token refused"/)
  })

  test('an expectation that cannot be met is 417, and a logout with an empty chunked body is fine', async () => {
    expect(
      await rawRequest(trio.auth.url, 'GET /health/live HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\n\r\n')
    ).toMatch(/^HTTP\/1\.1 417 .*"error":"invalid_request"/s)
    const { access_token: own } = await signIn(trio.auth.url, user)
    const head = `POST /auth/logout HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${own}\r\n`
    expect(await rawRequest(trio.auth.url, `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 204 /
    )
  })

  test('both services still work', async () => {
    expect((await get(`${trio.auth.url}/auth/me`, accessToken)).status).toBe(200)
    expect((await get(`${trio.resource.url}/me`, accessToken)).status).toBe(200)
    expect(trio.logs()).not.toMatch(/"status":500/)
  })
})

/** Sends raw bytes, and returns the response until the other side closes. */
async function rawRequest(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    let received = ''
    const timer = setTimeout(() => socket.destroy(new Error('no response within 5 s')), 5000)
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(received)
    })
    // With a reset after the response, a server ends a flood.
    socket.on('error', (error) => (received === '' ? reject(error) : undefined))
    socket.write(text)
  })
}
