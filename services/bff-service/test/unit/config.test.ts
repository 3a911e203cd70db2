import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'

const env = { PUBLIC_URL: 'https://app.example.com', AUTH_URL: 'http://auth:4000', API_URL: 'http://api:4001' }

describe('PUBLIC_URL', () => {
  test.each([
    ['https://app.example.com', 'https://app.example.com'],
    ['https://app.example.com/', 'https://app.example.com'],
    ['https://app.example.com:8443', 'https://app.example.com:8443'],
    ['http://localhost:4002', 'http://localhost:4002'],
    ['http://app.localhost', 'http://app.localhost'],
    ['http://127.0.0.1:4002', 'http://127.0.0.1:4002'],
    ['http://[::1]:4002', 'http://[::1]:4002']
  ])('may be %s', (text, origin) => {
    expect(loadConfig({ ...env, PUBLIC_URL: text }).publicUrl).toBe(origin)
  })

  test.each([
    'http://app.example.com',
    'http://192.168.1.5:4002',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'https://app.example.com/portal',
    'https://app.example.com?x',
    'https://user@app.example.com',
    'ftp://localhost',
    'app.example.com',
    'https://app.example .com'
  ])('may not be %s, and the start says what it expects', (text) => {
    expect(() => loadConfig({ ...env, PUBLIC_URL: text })).toThrow(
      'PUBLIC_URL must be the origin that browsers see: https://, or http:// on localhost, without a path.'
    )
  })
})

test('every required variable is named at once', () => {
  expect(() => loadConfig({})).toThrow(/PUBLIC_URL[\s\S]*AUTH_URL/)
})

describe('PAGES_PATH', () => {
  test.each(['/', '/countersign', '/a/b-c_d~e', '/v1.2/pages'])('%j is a path', (path) => {
    expect(loadConfig({ ...env, PAGES_PATH: path }).pagesPath).toBe(path)
  })

  test.each(['countersign', '/countersign/', '//x', '/a/../b', '/a b', '/{*path}', '/a?b', `/${'a'.repeat(256)}`])(
    '%j is none',
    (path) => {
      expect(() => loadConfig({ ...env, PAGES_PATH: path })).toThrow('PAGES_PATH must be a path')
    }
  )
})

test('a policy for the app is one line, since it becomes a header', () => {
  const policy = "default-src 'self'; img-src *"
  expect(loadConfig({ ...env, APP_CONTENT_SECURITY_POLICY: policy }).appContentSecurityPolicy).toBe(policy)
  expect(() => loadConfig({ ...env, APP_CONTENT_SECURITY_POLICY: 'a\r\nb' })).toThrow('one line')
})

test('a forwarder key is long, and is not printed', () => {
  expect(() => loadConfig({ ...env, FORWARDER_KEY: 'short' })).toThrow('FORWARDER_KEY must be 32 to 256')
  const config = loadConfig({ ...env, FORWARDER_KEY: 'x'.repeat(32) })
  expect(JSON.stringify(config)).not.toContain('xxxx')
})

describe('PROXY_REQUEST_HEADERS and PROXY_RESPONSE_HEADERS', () => {
  test('are names in any case, and by default none', () => {
    expect(loadConfig(env)).toMatchObject({ proxyRequestHeaders: [], proxyResponseHeaders: [] })
    const names = { PROXY_REQUEST_HEADERS: 'X-Tenant, x-tenant,Baggage', PROXY_RESPONSE_HEADERS: 'X-Total-Count' }
    expect(loadConfig({ ...env, ...names })).toMatchObject({
      proxyRequestHeaders: ['x-tenant', 'baggage'],
      proxyResponseHeaders: ['x-total-count']
    })
  })

  test.each([
    ['PROXY_REQUEST_HEADERS', 'x-tenant,Cookie'],
    ['PROXY_REQUEST_HEADERS', 'x-tenant,'],
    ['PROXY_REQUEST_HEADERS', 'x tenant'],
    ['PROXY_RESPONSE_HEADERS', 'Set-Cookie'],
    ['PROXY_RESPONSE_HEADERS', Array.from({ length: 65 }, (_, i) => `x-${i}`).join()]
  ])('%s=%s ends the start', (name, value) => {
    expect(() => loadConfig({ ...env, [name]: value })).toThrow(`${name} must be up to 64 header names`)
  })
})
