import { describe, expect, test } from 'vitest'
import { mayReachApi, mayReachBrowser, requestHeaderNames, responseHeaderNames } from '../../src/proxy/header-names.ts'
import { createHeaderFilter } from '../../src/proxy/headers.ts'

const own = { accessToken: 'token', address: '192.0.2.1', requestId: '1' }

describe('the headers of a request', () => {
  test('reach the API when they are listed, and no other does', () => {
    const received = Object.fromEntries(requestHeaderNames.map((name) => [name, name]))
    const stray = { 'remote-user': 'admin', user: 'admin', 'x-own': '1', 'client-ip': '203.0.113.7', cookie: 'a=b' }
    const {
      authorization,
      'x-forwarded-for': address,
      'x-request-id': id,
      ...rest
    } = createHeaderFilter().request({ ...received, ...stray, authorization: 'Basic eA==' }, own)
    expect([authorization, address, id]).toEqual(['Bearer token', '192.0.2.1', '1'])
    expect(rest).toEqual(received)
  })

  test('reach the API when the operator has added them, unless Connection names them', () => {
    const filter = createHeaderFilter({ request: ['x-tenant', 'x-hop'] })
    const sent = filter.request({ 'x-tenant': 'a', 'x-hop': '1', connection: 'close, X-Hop', accept: '*/*' }, own)
    expect(sent).toMatchObject({ 'x-tenant': 'a', accept: '*/*' })
    expect(sent).not.toHaveProperty('x-hop')
  })
})

describe('the headers of a response', () => {
  test('reach the browser when they are listed or added, and ours stay', () => {
    const listed = Object.fromEntries(responseHeaderNames.map((name) => [name, name]))
    const stray = { link: '</x>', 'x-accel-redirect': '/x', 'referrer-policy': 'unsafe-url', 'x-own': '1' }
    const filter = createHeaderFilter({ response: ['x-own'] })
    const received = { ...listed, ...stray, 'content-security-policy': 'none' } as Record<string, string>
    expect(filter.response(received, (location) => `/api/${location}`)).toEqual({
      ...listed,
      'x-own': '1',
      location: '/api/location',
      'cache-control': 'private, cache-control',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox"
    })
  })
})

describe('what an operator may add', () => {
  test.each(['x-tenant', 'x-requested-with', 'x-csrf-token', 'upload-offset', 'baggage', 'user-agent'])(
    '%s may reach the API',
    (name) => expect(mayReachApi(name)).toBe(true)
  )

  test.each([
    ['connection', 'te', 'transfer-encoding', 'proxy-authorization', 'cookie', 'set-cookie', 'authorization', 'host'],
    [
      'forwarded',
      'x-forwarded-for',
      'x-forwarded-user',
      'x-real-ip',
      'client-ip',
      'true-client-ip',
      'cf-connecting-ip'
    ],
    ['remote-user', 'user', 'sec-fetch-site', 'x-countersign-forwarder-key', 'x-request-id', 'x-http-method-override'],
    ['remote_user', 'x tenant', '', ':path', 'x-tenänt', 'a'.repeat(65), '*']
  ])('%s and the like may not reach the API', (...names) => {
    expect(names.filter(mayReachApi)).toEqual([])
  })

  test.each(['x-own', 'x-total-count', 'link', 'server', 'x-powered-by'])('%s may reach the browser', (name) =>
    expect(mayReachBrowser(name)).toBe(true)
  )

  test.each([
    ['connection', 'set-cookie', 'access-control-allow-origin', 'cross-origin-opener-policy', 'clear-site-data'],
    ['x-content-type-options', 'referrer-policy', 'permissions-policy', 'strict-transport-security', 'x-frame-options'],
    ['content-security-policy', 'content-security-policy-report-only', 'origin-trial', 'service-worker-allowed'],
    [
      'x-accel-redirect',
      'x-accel-buffering',
      'x-sendfile',
      'www-authenticate',
      'refresh',
      'alt-svc',
      'nel',
      'sourcemap'
    ]
  ])('%s and the like may not reach the browser', (...names) => {
    expect(names.filter(mayReachBrowser)).toEqual([])
  })
})
