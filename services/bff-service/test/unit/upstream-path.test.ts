import { InvalidRequestError } from '@countersign/oauth'
import { describe, expect, test } from 'vitest'
import { upstreamPath } from '../../src/proxy/upstream-path.ts'

describe('the path that an API gets', () => {
  test.each([
    '/',
    '/orders',
    '/orders/',
    '/a%20b/c',
    '/caf%C3%A9',
    '/100%25',
    '/50%25ab',
    '/a..b/..c/d..',
    '/.well-known/x',
    '/file;v=1.0/x',
    '/matrix;a=1;b=2/x',
    '/a:b@c,d/(e)'
  ])('is %s as it is', (path) => expect(upstreamPath(`/api${path}`, '/api')).toBe(path))

  test.each([
    ['dot segments', ['/..', '/.', '/a/../b', '/a/./b', '/a/..']],
    ['encoded dot segments', ['/%2e%2e/x', '/.%2E/x', '/%2e']],
    ['doubly and deeper encoded ones', ['/%252e%252e/x', '/%25252e%25252e/x', '/.%252e/x', '/a%252fb', '/a%25255cb']],
    ['more layers than are looked through', ['/%252525252e', '/%25252525252525252e']],
    [
      'dot segments with matrix parameters',
      ['/..;/manager', '/..;a=b/x', '/.;/x', '/..%3b/x', '/..%253b/x', '/a;../x']
    ],
    ['dot segments as the value of one', ['/a;b=../x', '/;..', '/%252e%252e;%25']],
    ['segments that are empty without them', ['/;/x', '/;a=b/x', '/%3b/x', '//x', '/a//b', '//']],
    ['dots with spaces behind', ['/..%20/x', '/.%20', '/..%20;/x']],
    ['slashes and backslashes', ['/a%2fb', '/a%2Fb', '/a%5cb', '/a\\b', '/..\\x']],
    ['control characters', ['/a%00', '/a%0d%0ab', '/a%09b', '/a%1fb', '/a%7fb', '/a%2500']],
    ['malformed encodings', ['/a%', '/a%2', '/a%zz', '/%u002e', '/%c0%ae%c0%ae/x', '/%c0%af', '/%ff']]
  ])('has no %s', (_, paths) => {
    for (const path of paths) expect(() => upstreamPath(`/api${path}`, '/api'), path).toThrow(InvalidRequestError)
  })

  test('is looked through quickly, however deep it is encoded', () => {
    const start = performance.now()
    expect(() => upstreamPath(`/api/%${'25'.repeat(7000)}2e`, '/api')).toThrow(InvalidRequestError)
    expect(performance.now() - start).toBeLessThan(500)
  })
})
