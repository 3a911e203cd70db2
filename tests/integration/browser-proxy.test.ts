import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createTestDatabase, createTestRedis, type TestDatabase } from '@countersign/testing'
import {
  type BrowserClient,
  cookieNames,
  createBrowserClient,
  register,
  type ServiceProcess,
  startTrio,
  type Trio,
  untilReady,
  usedSecrets
} from '@countersign/testing/trio'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'

const isDocker = inject('docker')
const publicUrl = 'http://localhost:4002'
const cookieName = cookieNames(publicUrl).session

interface Received {
  method: string
  url: string
  headers: Record<string, string | string[]>
  bytes: number
}

/** An API that returns the request it got, unless a test replaces that. */
let respond: (received: IncomingMessage, response: ServerResponse) => unknown

const echo = async (received: IncomingMessage, response: ServerResponse) => {
  let bytes = 0
  try {
    for await (const chunk of received) bytes += (chunk as Buffer).length
  } catch {
    return // the proxy has aborted it
  }
  const { method, url, headers } = received
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ method, url, headers, bytes }))
}

describe.skipIf(!isDocker)('the proxy for browsers', () => {
  let database: TestDatabase
  let trio: Trio
  let api: Server
  let bff: ServiceProcess
  let bffUrl: string
  let browser: BrowserClient

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({ databaseUrl: database.url, redisUrl: await createTestRedis() })
    api = createServer((received, response) => respond(received, response)).listen(0, '127.0.0.1')
    await once(api, 'listening')
    bff = await startBff({ UPSTREAM_TIMEOUT_SECONDS: '2' })
    bffUrl = bff.url
    browser = createBrowserClient(publicUrl, bffUrl)
    await browser.signIn(await register(trio.auth.url))
  })
  afterAll(async () => {
    await trio?.stop()
    api?.closeAllConnections()
    api?.close()
    await database?.drop()
  })
  beforeEach(() => {
    respond = echo
  })

  async function startBff(env: Record<string, string>): Promise<ServiceProcess> {
    const started = await trio.startBff({
      PUBLIC_URL: publicUrl,
      API_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}/base/`,
      PROXY_BODY_LIMIT_BYTES: '4000000',
      PROXY_REQUEST_HEADERS: 'X-Tenant',
      PROXY_RESPONSE_HEADERS: 'X-Own',
      ...env
    })
    await untilReady(started)
    return started
  }

  test('the API gets the path behind the prefix, the query as it was, and the token in place of the cookie', async () => {
    const { status, body } = await browser.send<Received>('GET', '/api/a%20b/c?x=1&x=%2F..&y')
    expect(status).toBe(200)
    expect(body).toMatchObject({ method: 'GET', url: '/base/a%20b/c?x=1&x=%2F..&y' })
    expect(body.headers.authorization).toMatch(/^Bearer eyJ/)
    usedSecrets.add((body.headers.authorization as string).slice(7))
    expect(body.headers.cookie).toBeUndefined()
  })

  test('what a browser says of itself does not reach the API: who it is, who passed it on, and what is meant for a hop', async () => {
    const { body } = await browser.send<Received>('GET', '/api/x', {
      headers: {
        Authorization: 'Bearer forged',
        DPoP: 'forged',
        Forwarded: 'for=203.0.113.7',
        'X-Forwarded-For': '203.0.113.7',
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-User': 'admin',
        'X-Real-IP': '203.0.113.7',
        'Client-IP': '203.0.113.7',
        'CF-Connecting-IP': '203.0.113.7',
        'Remote-User': 'admin',
        Remote_User: 'admin',
        User: 'admin',
        'Some-Header': 'of next year',
        'X-Tenant': 'added by the operator',
        'X-Countersign-Forwarder-Key': 'A'.repeat(43),
        'Proxy-Authorization': 'Basic Zm9v',
        TE: 'trailers',
        Connection: 'close, Secret-Hop',
        'Secret-Hop': '1',
        Via: '1.1 evil',
        Referer: `${publicUrl}/admin?x`,
        'Accept-Language': 'de',
        'If-None-Match': '"x"'
      }
    })
    const { authorization, host, 'x-request-id': requestId, ...rest } = body.headers
    expect(authorization).not.toContain('forged')
    expect(host).toMatch(/^127\.0\.0\.1:/)
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
    expect(rest).toEqual({
      'accept-language': 'de',
      connection: 'keep-alive',
      'if-none-match': '"x"',
      'user-agent': 'Test browser',
      'x-forwarded-for': '127.0.0.1',
      'x-tenant': 'added by the operator'
    })
  })

  test('what an ordinary API needs passes in both directions', async () => {
    const sent = {
      Accept: 'application/json',
      Range: 'bytes=0-9',
      'If-Range': '"1"',
      'Idempotency-Key': '"k"',
      Prefer: 'return=minimal',
      'Last-Event-ID': '7',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b'
    }
    const responded = {
      'Accept-Ranges': 'bytes',
      'Content-Disposition': 'attachment; filename="a.csv"',
      'Content-Range': 'bytes 0-9/100',
      'Last-Modified': 'Sat, 01 Jan 2000 00:00:00 GMT',
      Deprecation: '@1688169599',
      Sunset: 'Sat, 01 Jan 2050 00:00:00 GMT',
      'Retry-After': '3',
      'RateLimit-Policy': '"a";q=10',
      Vary: 'Accept'
    }
    let received: IncomingMessage['headers'] = {}
    respond = (request, response) => {
      received = request.headers
      response.writeHead(206, responded).end()
    }
    const { status, headers } = await browser.send('GET', '/api/x', { headers: sent })
    expect(status).toBe(206)
    expect(received).toMatchObject(Object.fromEntries(Object.entries(sent).map(([n, v]) => [n.toLowerCase(), v])))
    for (const [name, value] of Object.entries(responded)) expect(headers.get(name)).toBe(value)
  })

  test('what an API says that would act in the name of this site does not reach the browser', async () => {
    respond = (_, response) =>
      response
        .writeHead(200, {
          'Content-Type': 'text/html',
          'Set-Cookie': [`${cookieName}=planted; Path=/; Secure`, 'other=1'],
          'Access-Control-Allow-Origin': '*',
          'Access-Control-Allow-Credentials': 'true',
          'Clear-Site-Data': '"*"',
          'Service-Worker-Allowed': '/',
          'Content-Security-Policy': "script-src 'unsafe-inline'",
          'Strict-Transport-Security': 'max-age=0',
          Refresh: '0; url=http://evil.example',
          Server: 'api/1.0',
          'X-Powered-By': 'something',
          'X-Content-Type-Options': 'off',
          'X-Frame-Options': 'ALLOWALL',
          'Referrer-Policy': 'unsafe-url',
          'Permissions-Policy': 'camera=*',
          Link: '</x>; rel=preload; as=script',
          'X-Accel-Redirect': '/protected',
          'Origin-Trial': 'x',
          'Some-Header': 'of next year',
          'X-Request-Id': 'chosen-by-api',
          ETag: '"1"',
          'X-Own': 'kept'
        })
        .end('<script>alert(1)</script>')
    const { status, headers, body } = await browser.send<string>('GET', '/api/page')
    expect(status).toBe(200)
    expect(body).toBe('<script>alert(1)</script>')
    const names = [...headers.keys()].filter(
      (name) => !['date', 'connection', 'keep-alive', 'x-request-id'].includes(name)
    )
    expect(names.sort()).toEqual([
      'cache-control',
      'content-security-policy',
      'content-type',
      'etag',
      'referrer-policy',
      'transfer-encoding',
      'x-content-type-options',
      'x-own'
    ])
    expect(headers.get('Content-Security-Policy')).toBe("default-src 'none'; frame-ancestors 'none'; sandbox")
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers.get('Cache-Control')).toBe('no-store')
  })

  test.each([200, 204, 304, 302, 403, 404, 418, 500])('a response with status %i keeps it', async (code) => {
    respond = (_, response) =>
      response.writeHead(code, { Location: 'http://inside/', 'Cache-Control': 'private' }).end()
    const { status, headers } = await browser.send('GET', '/api/x')
    expect(status).toBe(code)
    expect(headers.get('Cache-Control')).toBe('private')
    expect(headers.get('Location')).toBeNull()
  })

  test.each([
    ['/base/things/1?x=y', '/api/things/1?x=y'],
    ['2', '/api/things/2'],
    ['//evil.example/x', null],
    ['http://evil.example/base/x', null],
    ['/outside', null],
    ['http://[', null]
  ])('a Location that says %s becomes %s', async (location, expected) => {
    respond = (_, response) => response.writeHead(201, { Location: location }).end()
    const { status, headers } = await browser.send('POST', '/api/things/', { body: {} })
    expect(status).toBe(201)
    expect(headers.get('Location')).toBe(expected)
  })

  test.each(['PUT', 'PATCH', 'DELETE', 'POST', 'OPTIONS'])('%s passes, with its body', async (method) => {
    const { body } = await browser.send<Received>(method, '/api/x', { body: { some: 'thing' } })
    expect(body).toMatchObject({
      method,
      bytes: 16,
      headers: { 'content-type': 'application/json', 'content-length': '16' }
    })
  })

  test('HEAD passes, and has no body', async () => {
    const { status, headers, body } = await browser.send<string>('HEAD', '/api/x')
    expect([status, body]).toEqual([200, ''])
    expect(headers.get('Content-Type')).toBe('application/json')
  })

  test.each(['TRACE', 'PROPFIND', 'QUERY', 'PURGE', 'CONNECT'])('%s is 405 and goes nowhere', async (method) => {
    let requests = 0
    respond = (received, response) => {
      requests += 1
      return echo(received, response)
    }
    for (const path of ['/api/x', '/account/auth/me']) {
      expect(await rawResponse(path, method)).toMatchObject({
        status: 405,
        allow: ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']
      })
    }
    expect(requests).toBe(0)
  })

  test('a browser does not choose what names its request in the logs and to the API', async () => {
    const { body, headers } = await browser.send<Received>('GET', '/api/x', {
      headers: { 'X-Request-Id': 'chosen-by-browser' }
    })
    expect(body.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers.get('X-Request-Id')).toBe(body.headers['x-request-id'])
    await browser.send('GET', '/account/auth/me', { headers: { 'X-Request-Id': 'chosen-by-browser' } })
    await browser.send('GET', '/bff/session', { headers: { 'X-Request-Id': 'chosen-by-browser' } })
    expect(trio.logs()).not.toContain('chosen-by-browser')
    expect(trio.auth.logs()).toContain('"request_id"')
  })

  /** A request with a body that the test writes. */
  function openUpload(headers: Record<string, string> = {}, at = bffUrl) {
    const outgoing = request(new URL('/api/upload', at), {
      method: 'POST',
      headers: {
        Host: 'localhost:4002',
        Origin: publicUrl,
        'Sec-Fetch-Site': 'same-origin',
        'X-Countersign-CSRF': '1',
        Cookie: `${cookieName}=${browser.cookie}`,
        ...headers
      }
    })
    return { outgoing, responded: once(outgoing, 'response') as Promise<[IncomingMessage]> }
  }

  async function readResponse(responded: Promise<[IncomingMessage]>) {
    const [response] = await responded
    let text = ''
    for await (const chunk of response) text += chunk
    return { status: response.statusCode, body: JSON.parse(text) }
  }

  test('a body that is too long to be kept is streamed', async () => {
    let firstBytesAt = 0
    respond = async (received, response) => {
      received.once('data', () => {
        firstBytesAt = performance.now()
      })
      await echo(received, response)
    }
    const { outgoing, responded } = openUpload()
    for (let i = 0; i < 20; i++) outgoing.write(Buffer.alloc(100_000))
    await expect.poll(() => firstBytesAt).toBeGreaterThan(0)
    const lastWrittenAt = performance.now()
    outgoing.end(Buffer.alloc(1))
    expect(await readResponse(responded)).toMatchObject({ status: 200, body: { bytes: 2_000_001 } })
    expect(firstBytesAt).toBeLessThan(lastWrittenAt)
  })

  test('a body may take its time while its bytes flow, and is 408 when they do not', async () => {
    const [flowing, stuck, stuckForUs] = [
      openUpload(),
      openUpload({ 'Content-Length': '1000000' }),
      openUpload({ 'Content-Length': '100' })
    ]
    stuck.outgoing.write(Buffer.alloc(50_000))
    stuckForUs.outgoing.write('{')
    const flow = async () => {
      for (let i = 0; i < 38; i++) {
        flowing.outgoing.write(Buffer.alloc(40_000))
        await delay(1000)
      }
      flowing.outgoing.end()
      return readResponse(flowing.responded)
    }
    const [passed, ...refused] = await Promise.all([
      flow(),
      readResponse(stuck.responded),
      readResponse(stuckForUs.responded)
    ])
    expect(passed).toMatchObject({ status: 200, body: { bytes: 38 * 40_000 } })
    for (const each of refused) expect(each).toMatchObject({ status: 408, body: { error: 'invalid_request' } })
  }, 60_000)

  describe('a response that is there before the body', () => {
    /** Sends as many browsers do: a response is looked for when everything is sent. @returns its status, once the connection takes the next request */
    async function sendBlindly(bytes: number, connection: string): Promise<number> {
      const { hostname, port } = new URL(bffUrl)
      const socket = connect({ host: hostname, port: Number(port) })
      onTestFinished(() => void socket.destroy())
      socket.on('error', () => {}).pause()
      const write = (data: string | Buffer) =>
        new Promise<void>((resolve, reject) => socket.write(data, (error) => (error ? reject(error) : resolve())))
      await write(
        'POST /api/upload HTTP/1.1\r\nHost: localhost:4002\r\nSec-Fetch-Site: same-origin\r\nX-Countersign-CSRF: 1\r\n' +
          `Origin: ${publicUrl}\r\nCookie: ${cookieName}=${browser.cookie}\r\nConnection: ${connection}\r\n` +
          'Transfer-Encoding: chunked\r\n\r\n'
      )
      const piece = Buffer.alloc(100_000, 'x')
      for (let sent = 0; sent < bytes; sent += piece.length) {
        await write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]))
        await delay(5)
      }
      await write('0\r\n\r\n')
      // Received data would be lost when a connection is reset.
      let text = ''
      socket.on('data', (chunk: Buffer) => {
        text += chunk
      })
      socket.resume()
      const statuses = () => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
      await expect.poll(statuses, { timeout: 10_000 }).toHaveLength(1)
      if (connection === 'close') return statuses()[0] as number
      await write('GET /nowhere HTTP/1.1\r\nHost: localhost:4002\r\nAccept: application/json\r\n\r\n')
      await expect.poll(statuses, { timeout: 10_000 }).toHaveLength(2)
      return statuses()[0] as number
    }

    test.each(['keep-alive', 'close'])('(%s) reaches a browser that is still sending: 413', async (connection) => {
      expect(await sendBlindly(6_000_000, connection)).toBe(413)
    })

    test.each(['keep-alive', 'close'])(
      '(%s) reaches a browser that is still sending: 503 of an API that breaks off',
      async (c) => {
        respond = (received) => received.once('data', () => received.socket.destroy())
        expect(await sendBlindly(3_000_000, c)).toBe(503)
      }
    )

    test('reaches a browser that is still sending: an API that rejects before it has the whole body', async () => {
      respond = (received, response) => received.once('data', () => response.writeHead(422).end('{}'))
      expect(await sendBlindly(3_000_000, 'keep-alive')).toBe(422)
    })

    test('does not reach a browser that sends without end', async () => {
      await expect(sendBlindly(20_000_000, 'keep-alive')).rejects.toThrow(/ECONNRESET|EPIPE/)
    })
  })

  test('a response reaches the browser piece by piece', async () => {
    let finish = () => {}
    respond = (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: 1\n\n')
      finish = () => response.end('data: 2\n\n')
    }
    const incoming = await browser.open('GET', '/api/events')
    const pieces = incoming[Symbol.asyncIterator]()
    expect(String((await pieces.next()).value)).toBe('data: 1\n\n')
    finish()
    expect(String((await pieces.next()).value)).toBe('data: 2\n\n')
    expect((await pieces.next()).done).toBe(true)
  })

  test('a response may pause for longer than its beginning may take', async () => {
    respond = async (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: 1\n\n')
      await delay(3_000) // UPSTREAM_TIMEOUT_SECONDS is 2
      response.end('data: 2\n\n')
    }
    const pieces = await (await browser.open('GET', '/api/events')).toArray()
    expect(pieces.join('')).toBe('data: 1\n\ndata: 2\n\n')
  })

  test('a browser that leaves is not waited for by the API', async () => {
    let isGone = false
    respond = (_, response) => {
      response.once('close', () => {
        isGone = true
      })
      response.writeHead(200)
      response.write('x')
    }
    const incoming = await browser.open('GET', '/api/slow')
    incoming.destroy()
    await expect.poll(() => isGone, { timeout: 2000 }).toBe(true)
  })

  test('a browser that disconnects is not reported as an unreachable API', async () => {
    // To one of its own, the API is not late however long the machine is busy with something else.
    const patient = await startBff({ UPSTREAM_TIMEOUT_SECONDS: '30' })
    onTestFinished(() => patient.stop())
    const from = patient.logs().length
    const logs = () => patient.logs().slice(from)
    const metrics = async () => (await fetch(`${patient.managementUrl}/metrics`)).text()
    const unavailable = async () => /status="503".*\n/.exec((await metrics()).replace(/.*_bucket.*\n/g, ''))?.[0]
    const before = await unavailable()
    let requests = 0
    respond = () => {
      requests += 1
    }
    const waiting = openUpload({ 'Content-Length': '2' }, patient.url)
    waiting.responded.catch(() => {})
    waiting.outgoing.end('{}')
    const uploading = openUpload({}, patient.url)
    uploading.responded.catch(() => {})
    uploading.outgoing.write(Buffer.alloc(50_000))
    await expect.poll(() => requests).toBe(2)
    waiting.outgoing.destroy()
    uploading.outgoing.destroy()
    respond = (_, response) => void response.writeHead(200).write('x')
    const incoming = await browser.open('GET', '/api/slow', { at: patient.url })
    incoming.destroy()
    await expect.poll(() => logs().match(/"status":499/g)?.length, { timeout: 5000 }).toBe(2)
    await expect.poll(logs, { timeout: 5000 }).toContain('response not delivered')
    expect(logs()).toContain('the browser disconnected before the response')
    expect(logs()).not.toMatch(/"level":"(?:warn|error)"|cannot be reached/)
    expect(await unavailable()).toBe(before)
    expect(await metrics()).toMatch(/http_request_duration_seconds_count\{.*status="499".*\} 2/)
  })

  test.each(['declared', 'undeclared'])('a body past the limit, %s, is 413', async (how) => {
    const body = Buffer.alloc(4_000_001)
    const headers = how === 'undeclared' ? { 'Transfer-Encoding': 'chunked' } : {}
    const { status, body: error } = await browser.send('POST', '/api/x', { body, headers })
    expect([status, error.error]).toEqual([413, 'payload_too_large'])
  })

  test('an API that does not respond in time is 503, and one that breaks off gives a broken response', async () => {
    respond = () => {}
    const late = await browser.send('GET', '/api/x')
    expect(late).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    expect(late.body.error_description).toContain('in time')
    expect(late.headers.get('Retry-After')).toBe('1')
    respond = (_, response) => {
      response.writeHead(200, { 'Content-Length': '100' })
      response.write('half')
      setTimeout(() => response.destroy(), 50)
    }
    await expect(browser.send('GET', '/api/x')).rejects.toThrow()
    await expect.poll(() => bff.logs()).toMatch(/"level":"warn".*the API aborted its response/)
    respond = echo
    expect(await browser.send('GET', '/api/x')).toMatchObject({ status: 200 })
  })

  test('a 401 that is not about the token is passed on, without a challenge that opens a password prompt', async () => {
    let requests = 0
    respond = (_, response) => {
      requests += 1
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end('{}')
    }
    const { status, headers } = await browser.send('GET', '/api/x')
    expect([status, requests]).toEqual([401, 1])
    expect(headers.get('WWW-Authenticate')).toBeNull()
  })

  test('an API that rejects every token gets two requests, and no more', async () => {
    const tokens = new Set<string>()
    let requests = 0
    respond = (received, response) => {
      requests += 1
      const token = (received.headers.authorization as string).slice(7)
      tokens.add(token)
      usedSecrets.add(token)
      response.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }).end('{}')
    }
    expect((await browser.send('GET', '/api/x')).status).toBe(401)
    expect([requests, tokens.size]).toEqual([2, 2])
  })

  test('a stream cannot be sent twice: the token is renewed, and the browser gets 503 to try again', async () => {
    let isRefusing = true
    respond = async (received, response) => {
      if (!isRefusing) return echo(received, response)
      isRefusing = false
      for await (const _ of received);
      response.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }).end('{}')
    }
    const body = Buffer.alloc(100_000)
    expect(await browser.send('POST', '/api/x', { body })).toMatchObject({ status: 503 })
    expect(await browser.send('POST', '/api/x', { body })).toMatchObject({ status: 200, body: { bytes: 100_000 } })
  })

  test.each([
    '/api/../account/auth/login',
    '/api/%2e%2e/x',
    '/api/a%2Fb',
    '/api/a%5cb',
    '/api//x',
    '/api/a/./b',
    '/api/x%00',
    '/api/..',
    '/account/admin/%2e%2e/auth/login',
    '/account/admin/../auth/login',
    '/api/..;/manager',
    '/api/x/..;a=b/y',
    '/api/.;/x',
    '/api/..%3b/x',
    '/api/;/x',
    '/api/%252e%252e/x',
    '/api/%25252e%25252e/x',
    '/api/a%252fb',
    '/api/a%255cb',
    '/api/..%20/x',
    '/api/a%0d%0ab',
    '/api/%c0%ae%c0%ae/x',
    '/api/%u002e/x',
    '/account/admin/..;/auth/login'
  ])('a path that servers read in different ways, %s, goes nowhere', async (path) => {
    let requests = 0
    respond = (received, response) => {
      requests += 1
      return echo(received, response)
    }
    // The client's URL parser would normalize the path, so it is sent by hand.
    expect(await rawResponse(path)).toMatchObject({ status: 400 })
    expect(requests).toBe(0)
  })

  async function rawResponse(path: string, method = 'GET'): Promise<{ status: number; allow: string[] }> {
    const { hostname, port } = new URL(bffUrl)
    const socket = connect({ host: hostname, port: Number(port) })
    onTestFinished(() => void socket.destroy())
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: localhost:4002\r\nCookie: ${cookieName}=${browser.cookie}\r\n` +
        `Origin: ${publicUrl}\r\nX-Countersign-CSRF: 1\r\nConnection: close\r\n\r\n`
    )
    let text = ''
    for await (const chunk of socket) text += chunk
    const allow = /^allow: (.*)\r$/im.exec(text)?.[1] ?? ''
    return { status: Number(text.slice(9, 12)), allow: allow.split(', ').sort() }
  }

  test('without a session there is 401 in JSON for every path, and no way to an API', async () => {
    let requests = 0
    respond = () => {
      requests += 1
    }
    const stranger = createBrowserClient(publicUrl, bffUrl)
    for (const path of ['/api/x', '/account/auth/me', '/account/admin/users']) {
      const refused = await stranger.send('GET', path, { headers: { Accept: 'text/html' } })
      expect(refused).toMatchObject({ status: 401, body: { error: 'not_signed_in' } })
      expect(refused.headers.get('Location')).toBeNull()
    }
    expect(requests).toBe(0)
  })
})
