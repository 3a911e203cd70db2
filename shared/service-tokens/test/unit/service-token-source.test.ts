import { calculateJwkThumbprint } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createServiceTokenSource, type ServiceTokenSource, type ServiceTokenSourceOptions } from '../../src/index.ts'
import {
  createFakeTime,
  createTokenEndpoint,
  grant,
  issuer,
  json,
  jwk,
  pem,
  quiet,
  readAssertion,
  sourceOptions
} from './fixtures.ts'

let time: ReturnType<typeof createFakeTime>
let endpoint: ReturnType<typeof createTokenEndpoint>
let source: ServiceTokenSource
const logged: unknown[][] = []
const logger = { info: (...line: unknown[]) => logged.push(line), warn: (...line: unknown[]) => logged.push(line) }

beforeEach(() => {
  time = createFakeTime()
  endpoint = createTokenEndpoint()
  logged.length = 0
})
afterEach(async () => {
  await source?.close()
  vi.useRealTimers()
})

function make(given: Partial<ServiceTokenSourceOptions> = {}): ServiceTokenSource {
  source = createServiceTokenSource(sourceOptions({ fetch: endpoint.fetch, clock: time.clock, logger, ...given }))
  return source
}

/** The nth request gets this response, and the waiting calls get the result. */
async function respond(nth: number, response: Response | Error): Promise<void> {
  ;(await endpoint.request(nth)).respond(response)
  await quiet()
}

async function makeWithToken(token = 'first', expiresIn = 600): Promise<ServiceTokenSource> {
  make()
  const got = source.getToken()
  await respond(1, grant(token, expiresIn))
  expect(await got).toBe(token)
  return source
}

const failing = () =>
  Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) })

/** A token response that is valid, but for its length. */
function grantOfBytes(bytes: number): Response {
  const body = { access_token: 't', token_type: 'bearer', expires_in: 600, padding: '' }
  return json({ ...body, padding: 'x'.repeat(bytes - JSON.stringify(body).length) })
}

const settled = (promise: Promise<unknown>) => promise.catch((error: unknown) => error)

describe('the request for a token', () => {
  test('is a client_credentials request with an assertion of RFC 7523, and follows no redirect', async () => {
    make({ scope: 'a b', resource: ['https://one.example', 'https://two.example'] })
    const got = source.getToken()
    const { url, form, init } = await endpoint.request(1)
    expect(url).toBe('https://auth.example.com/oauth/token')
    expect(init).toMatchObject({ method: 'POST', redirect: 'manual' })
    expect(form.get('grant_type')).toBe('client_credentials')
    expect(form.get('client_id')).toBe('orders')
    expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    expect(form.get('scope')).toBe('a b')
    expect(form.getAll('resource')).toEqual(['https://one.example', 'https://two.example'])
    const { header, claims } = await readAssertion(await endpoint.request(1), time.clock)
    expect(header).toEqual({
      alg: 'ES256',
      typ: 'client-authentication+jwt',
      kid: await calculateJwkThumbprint(jwk)
    })
    const now = time.clock.now() / 1000
    const jti = expect.stringMatching(/^[\w-]{20,}$/)
    expect(claims).toEqual({ iss: 'orders', sub: 'orders', aud: issuer, iat: now, exp: now + 60, jti })
    await respond(1, grant('t'))
    await got
  })

  test('leaves scope and resource to the registration, goes to the URL of its options, and has an assertion of its own each time', async () => {
    make({ tokenEndpoint: 'http://auth:4000/oauth/token' })
    const first = settled(source.getToken())
    const one = await endpoint.request(1)
    expect(one.url).toBe('http://auth:4000/oauth/token')
    expect(one.form.has('scope') || one.form.has('resource')).toBe(false)
    await respond(1, json({ error: 'invalid_client' }, 401))
    await first
    time.advance(2_000)
    const second = settled(source.getToken())
    const [before, after] = [one, await endpoint.request(2)]
    const jtis = await Promise.all([before, after].map((request) => readAssertion(request, time.clock)))
    expect(new Set(jtis.map(({ claims }) => claims.jti)).size).toBe(2)
    await respond(2, grant('t'))
    await second
  })

  test.each<[string, Partial<ServiceTokenSourceOptions>]>([
    ['issuer', { issuer: 'auth.example.com' }],
    ['tokenEndpoint', { tokenEndpoint: 'ftp://auth.example.com' }],
    ['issuer', { issuer: 'https://user:password@auth.example.com' }],
    ['issuer', { issuer: 'https://user@auth.example.com' }],
    ['clientId', { clientId: '' }],
    ['scope', { scope: '' }],
    ['resource', { resource: ['https://a.example', ''] }],
    ['privateKey', { privateKey: 'no key' }],
    ['algorithm', { algorithm: 'HS256' as 'RS256' }]
  ])('an unusable %s is a TypeError that names it, and nothing is sent', (name, given) => {
    expect(() => make(given)).toThrow(TypeError)
    expect(() => make(given)).toThrow(new RegExp(`^${name} `))
    expect(endpoint.requests).toEqual([])
  })
})

describe('a token', () => {
  test('is asked for once, however many want it at once, and kept', async () => {
    make()
    const all = Array.from({ length: 50 }, () => source.getToken())
    await respond(1, grant('first'))
    expect(new Set(await Promise.all(all))).toEqual(new Set(['first']))
    time.advance(400_000)
    expect(await source.getToken()).toBe('first')
    await quiet()
    expect(endpoint.requests).toHaveLength(1)
  })

  test.each([
    [0, 450_000],
    [1, 510_000]
  ])(
    'is renewed in the background at 75 to 85 per cent of its lifetime (chance %d), and nobody waits',
    async (chance, at) => {
      make({ random: () => chance })
      const got = source.getToken()
      await respond(1, grant('first', 600))
      await got
      time.advance(at - 1)
      await quiet()
      expect(endpoint.requests).toHaveLength(1)
      time.advance(1)
      await endpoint.request(2)
      expect(await source.getToken()).toBe('first')
      await respond(2, grant('second'))
      expect(await source.getToken()).toBe('second')
      time.advance(at)
      await respond(3, grant('third'))
      expect(await source.getToken()).toBe('third')
    }
  )

  test('serves to its end while renewals fail, which are tried again, and no longer', async () => {
    await makeWithToken('first', 600)
    time.advance(480_000)
    await respond(2, failing())
    expect(await source.getToken()).toBe('first')
    // Doubling from 2 s, the half of it being chance: 1.5 s, 3 s, then 3.75 s.
    for (const [index, delay] of [1_500, 3_000, 3_750, 3_750].entries()) {
      time.advance(delay - 1)
      await quiet()
      expect(endpoint.requests).toHaveLength(index + 2)
      time.advance(1)
      await respond(index + 3, json({ error: 'temporarily_unavailable' }, 503))
    }
    time.advance(594_999 - 480_000 - 12_000)
    await respond(7, failing())
    expect(await source.getToken()).toBe('first')
    time.advance(1)
    expect(await settled(source.getToken())).toMatchObject({ code: 'ERR_TOKEN_ENDPOINT_UNREACHABLE' })
  })

  test('is not renewed in the background after its lifetime, until somebody wants one', async () => {
    await makeWithToken('first', 600)
    time.advance(480_000)
    await respond(2, failing())
    time.advance(3_600_000)
    await quiet()
    expect(endpoint.requests).toHaveLength(2)
    const got = source.getToken()
    await respond(3, grant('second'))
    expect(await got).toBe('second')
  })

  test('ends by the wall clock while the machine sleeps', async () => {
    await makeWithToken('first', 600)
    time.advance(1_000)
    expect(await source.getToken()).toBe('first')
    time.sleep(594_000)
    const got = source.getToken()
    await respond(2, grant('second'))
    expect(await got).toBe('second')
  })

  test('has a lifetime that begins when it was asked for, not when it came', async () => {
    make()
    const got = source.getToken()
    const { respond: give } = await endpoint.request(1)
    time.advance(4_000)
    give(grant('slow', 100))
    await got
    time.advance(90_999)
    expect(await source.getToken()).toBe('slow')
    expect(source.status().usableForSeconds).toBeCloseTo(0.001)
    time.advance(1)
    expect(source.status().usableForSeconds).toBeNull()
  })
})

describe('a failure', () => {
  test.each<[string, () => Response | Error, Record<string, unknown>]>([
    [
      'no connection',
      failing,
      { code: 'ERR_TOKEN_ENDPOINT_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') }
    ],
    [
      '503',
      () => json({ error: 'temporarily_unavailable' }, 503),
      { code: 'ERR_TOKEN_ENDPOINT_UNREACHABLE', status: 503 }
    ],
    ['429', () => json({ error: 'slow_down' }, 429), { code: 'ERR_TOKEN_ENDPOINT_UNREACHABLE', status: 429 }],
    [
      'a refusal',
      () => json({ error: 'invalid_client' }, 401),
      { code: 'ERR_TOKEN_ENDPOINT_REFUSED', status: 401, oauthError: 'invalid_client' }
    ],
    [
      'another one',
      () => json({ error: 'invalid_scope' }, 400),
      { code: 'ERR_TOKEN_ENDPOINT_REFUSED', status: 400, oauthError: 'invalid_scope' }
    ],
    [
      'a refusal with a sentence',
      () => json({ error: 'invalid_scope', error_description: 'This client has no scope "orders".' }, 400),
      {
        code: 'ERR_TOKEN_ENDPOINT_REFUSED',
        oauthErrorDescription: undefined,
        message: expect.not.stringContaining('orders')
      }
    ],
    [
      'a refusal with a sentence of lawful characters',
      () => json({ error: 'invalid_scope', error_description: "This client has no scope 'orders'." }, 400),
      {
        code: 'ERR_TOKEN_ENDPOINT_REFUSED',
        oauthErrorDescription: "This client has no scope 'orders'.",
        message: expect.stringContaining("invalid_scope (status 400): This client has no scope 'orders'.")
      }
    ],
    [
      'a refusal with a very long sentence',
      () => json({ error: 'invalid_scope', error_description: 'x'.repeat(301) }, 400),
      { code: 'ERR_TOKEN_ENDPOINT_REFUSED', oauthError: 'invalid_scope', oauthErrorDescription: undefined }
    ],
    [
      '404 of a proxy',
      () => new Response('<html>', { status: 404 }),
      { code: 'ERR_TOKEN_ENDPOINT_RESPONSE', status: 404 }
    ],
    ['400 without an error', () => json({}, 400), { code: 'ERR_TOKEN_ENDPOINT_RESPONSE' }],
    ['an error that is no code', () => json({ error: 'a\nb' }, 400), { code: 'ERR_TOKEN_ENDPOINT_RESPONSE' }],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { Location: 'https://evil.example' } }),
      { code: 'ERR_TOKEN_ENDPOINT_RESPONSE', status: 302 }
    ],
    [
      'another success',
      () => json({ access_token: 't', token_type: 'Bearer', expires_in: 600 }, 201),
      { code: 'ERR_TOKEN_ENDPOINT_RESPONSE', status: 201 }
    ],
    [
      'a page',
      () => {
        const body = JSON.stringify({ access_token: 't', token_type: 'Bearer', expires_in: 600 })
        return new Response(body, { headers: { 'Content-Type': 'text/html' } })
      },
      { code: 'ERR_TOKEN_ENDPOINT_RESPONSE' }
    ],
    ['a success with an error', () => json({ error: 'x' }, 202), { code: 'ERR_TOKEN_ENDPOINT_RESPONSE', status: 202 }],
    [
      'no JSON',
      () => new Response('{"access_token":"secret-t', { headers: { 'Content-Type': 'application/json' } }),
      { code: 'ERR_TOKEN_ENDPOINT_RESPONSE' }
    ],
    ['null', () => json(null), { code: 'ERR_TOKEN_ENDPOINT_RESPONSE' }],
    [
      '64 KiB and one byte',
      () => grantOfBytes(65_537),
      { code: 'ERR_TOKEN_ENDPOINT_RESPONSE', message: expect.stringContaining('65536') }
    ],
    [
      'no token',
      () => json({ token_type: 'Bearer', expires_in: 600 }),
      { message: expect.stringContaining('access_token') }
    ],
    [
      'a token that does not fit a header',
      () => grant('a\r\nb: c'),
      { message: expect.stringContaining('access_token') }
    ],
    ['a token of 9 KiB', () => grant('a'.repeat(9216)), { message: expect.stringContaining('access_token') }],
    [
      'a token of another kind',
      () => json({ access_token: 't', token_type: 'DPoP', expires_in: 600 }),
      { message: expect.stringContaining('token_type') }
    ],
    [
      'a lifetime that is not given',
      () => json({ access_token: 't', token_type: 'Bearer' }),
      { message: expect.stringContaining('expires_in') }
    ],
    [
      'a lifetime in a text',
      () => json({ access_token: 't', token_type: 'Bearer', expires_in: '600' }),
      { message: expect.stringContaining('expires_in') }
    ],
    ['a lifetime that is over', () => grant('t', 0), { message: expect.stringContaining('expires_in') }],
    ['a lifetime in milliseconds', () => grant('t', 600_000), { message: expect.stringContaining('expires_in') }]
  ])('%s is recognized, and there is no token', async (_, response, expected) => {
    make()
    const got = settled(source.getToken())
    await respond(1, response())
    expect(await got).toMatchObject({ name: 'ServiceTokenError', code: 'ERR_TOKEN_ENDPOINT_RESPONSE', ...expected })
    expect(source.status()).toMatchObject({ usableForSeconds: null, consecutiveFailures: 1 })
  })

  test('token_type is found however it is written, and 64 KiB are not too many', async () => {
    make()
    const got = source.getToken()
    await respond(1, grantOfBytes(65_536))
    expect(await got).toBe('t')
  })

  test('an endpoint that does not respond within 5 s is given up', async () => {
    make()
    const got = settled(source.getToken())
    const { init } = await endpoint.request(1)
    time.advance(4_999)
    expect(init.signal?.aborted).toBe(false)
    time.advance(1)
    expect(await got).toMatchObject({
      code: 'ERR_TOKEN_ENDPOINT_UNREACHABLE',
      message: expect.stringContaining('timed out')
    })
    expect(init.signal?.aborted).toBe(true)
  })

  test('a response that begins and does not end within 5 s is given up, too', async () => {
    make()
    const got = settled(source.getToken())
    await respond(1, new Response(new ReadableStream(), { headers: { 'Content-Type': 'application/json' } }))
    time.advance(5_000)
    expect(await got).toMatchObject({ code: 'ERR_TOKEN_ENDPOINT_UNREACHABLE' })
  })

  test('rejects everyone at once until it may be tried again, and then one request tries', async () => {
    make()
    const first = settled(source.getToken())
    await respond(1, json({ error: 'invalid_client' }, 401))
    const error = await first
    for (let i = 0; i < 20; i++) expect(await settled(source.getToken())).toBe(error)
    time.advance(1_499)
    expect(await settled(source.getToken())).toBe(error)
    expect(endpoint.requests).toHaveLength(1)
    time.advance(1)
    const again = [source.getToken(), source.getToken()]
    await respond(2, grant('first'))
    expect(await Promise.all(again)).toEqual(['first', 'first'])
    expect(source.status()).toMatchObject({
      consecutiveFailures: 0,
      lastError: null,
      requests: { granted: 1, failed: 1 }
    })
  })

  test('waits at most 5 s for the next try, however long the outage was', async () => {
    make()
    for (let nth = 1; nth <= 12; nth++) {
      const got = settled(source.getToken())
      await respond(nth, failing())
      await got
      time.advance(5_000)
    }
    expect(source.status()).toMatchObject({ consecutiveFailures: 12, lastError: 'ERR_TOKEN_ENDPOINT_UNREACHABLE' })
  })

  test('is logged at the 1st, 2nd, 4th and 8th in a row, and its end, without token, assertion or key', async () => {
    make()
    for (let nth = 1; nth <= 9; nth++) {
      const got = settled(source.getToken())
      await respond(nth, nth === 9 ? grant('secret-token') : json({ error: 'invalid_client' }, 401))
      await got
      time.advance(5_000)
    }
    expect(logged.map(([, message]) => message)).toEqual([...Array(4).fill('no service token'), 'service token again'])
    expect(logged[0]?.[0]).toMatchObject({
      client_id: 'orders',
      code: 'ERR_TOKEN_ENDPOINT_REFUSED',
      status: 401,
      error: 'invalid_client'
    })
    const text = JSON.stringify(logged)
    const assertions = endpoint.requests.map(({ form }) => form.get('client_assertion') as string)
    for (const secret of ['secret-token', pem.split('\n')[1] as string, ...assertions])
      expect(text).not.toContain(secret)
  })
})

describe('a token that was refused', () => {
  test('is replaced, and others are left alone', async () => {
    await makeWithToken('first')
    time.advance(10_000)
    source.invalidate('another')
    expect(await source.getToken()).toBe('first')
    source.invalidate('first')
    const all = [source.getToken(), source.getToken()]
    await respond(2, grant('second'))
    expect(await Promise.all(all)).toEqual(['second', 'second'])
    source.invalidate('first')
    expect(await source.getToken()).toBe('second')
    expect(endpoint.requests).toHaveLength(2)
  })

  test('is replaced by no more than one request in a second', async () => {
    await makeWithToken('first')
    source.invalidate('first')
    const got = source.getToken()
    time.advance(999)
    await quiet()
    expect(endpoint.requests).toHaveLength(1)
    time.advance(1)
    await respond(2, grant('second'))
    expect(await got).toBe('second')
  })

  test('is not renewed by the timer of its own', async () => {
    await makeWithToken('first', 600)
    source.invalidate('first')
    time.advance(600_000)
    await quiet()
    expect(endpoint.requests).toHaveLength(1)
  })
})

describe('a source that is closed', () => {
  test('gives its request up, and has no token any more', async () => {
    make()
    const got = settled(source.getToken())
    const { init } = await endpoint.request(1)
    await source.close()
    expect(await got).toMatchObject({ code: 'ERR_TOKEN_SOURCE_CLOSED' })
    expect(init.signal?.aborted).toBe(true)
    expect(await settled(source.getToken())).toMatchObject({ code: 'ERR_TOKEN_SOURCE_CLOSED' })
    expect(logged).toEqual([])
  })

  test('says that it is closed, not what went wrong before', async () => {
    make()
    const got = settled(source.getToken())
    await respond(1, failing())
    await got
    await source.close()
    expect(await settled(source.getToken())).toMatchObject({ code: 'ERR_TOKEN_SOURCE_CLOSED' })
  })

  test('renews nothing, and leaves no timer', async () => {
    await makeWithToken('first')
    await source.close()
    expect(vi.getTimerCount()).toBe(0)
    time.advance(600_000)
    await quiet()
    expect(endpoint.requests).toHaveLength(1)
  })
})
