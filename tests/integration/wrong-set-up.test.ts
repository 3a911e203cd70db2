import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServiceTokenSource } from '@countersign/service-tokens'
import {
  createTestIssuer,
  createTestRedis,
  findLastingPort,
  type KeySetServer,
  serveKeySet,
  type TestIssuer
} from '@countersign/testing'
import { makeClientKey } from '@countersign/testing/trio'
import { type AccessTokenVerifierOptions, createAccessTokenVerifier, type VerifierError } from '@countersign/verifier'
import { redisRevocations } from '@countersign/verifier/redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest'

/** The ten most likely mistakes, made by people who have given no logger: each is reported on the console. */
describe('a wrong set-up is reported on the console', () => {
  let issuer: TestIssuer
  let server: KeySetServer
  let warn: ReturnType<typeof vi.spyOn>

  beforeAll(async () => {
    issuer = await createTestIssuer({ issuer: 'http://localhost:4000' })
    server = await serveKeySet(issuer)
  })
  afterAll(() => server?.close())
  beforeEach(() => {
    warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  })
  afterEach(() => warn.mockRestore())

  const lines = () => warn.mock.calls.map(([line]: unknown[]) => String(line))

  /** @returns the code of the refusal */
  async function present(options: Partial<AccessTokenVerifierOptions>, token = issuer.mint()): Promise<string> {
    const verifier = createAccessTokenVerifier({
      issuer: issuer.issuer,
      audience: issuer.audience,
      jwksUri: server.jwksUri,
      revocations: null,
      ...options
    })
    onTestFinished(() => verifier.close())
    return verifier.verify(token).then(
      () => 'accepted',
      (error: VerifierError) => error.code
    )
  }

  test('nothing is written while all is right', async () => {
    expect(await present({})).toBe('accepted')
    expect(lines()).toEqual([])
  })

  test('a flood of refused tokens writes one line', async () => {
    const verifier = createAccessTokenVerifier({
      issuer: 'https://other.example',
      audience: issuer.audience,
      jwksUri: server.jwksUri,
      revocations: null
    })
    onTestFinished(() => verifier.close())
    for (let i = 0; i < 50; i++) await verifier.verify(issuer.mint()).catch(() => {})
    expect(lines()).toHaveLength(1)
  })

  test.each([
    [
      'another issuer',
      { issuer: 'https://auth.example.com' },
      'iss is "http://localhost:4000", expected "https://auth.example.com"'
    ],
    ['a slash at the end', { issuer: 'http://localhost:4000/' }, 'they differ by the slash at the end'],
    ['another port', { issuer: 'http://localhost:4001' }, 'they differ by the port'],
    ['https for http', { issuer: 'https://localhost:4000' }, 'they differ by http and https'],
    [
      'another audience',
      { audience: 'my-api' },
      'aud is "https://api.example.com", "http://localhost:4000", expected "my-api"'
    ]
  ])('%s', async (_, options, sentence) => {
    expect(await present(options)).toBe('ERR_TOKEN_CLAIM')
    expect(lines()).toEqual([expect.stringContaining(sentence)])
  })

  test('a clock that is behind', async () => {
    const clock = { now: () => Date.now() - 600_000, monotonic: () => performance.now() }
    expect(await present({ clock })).toBe('ERR_TOKEN_CLAIM')
    expect(lines().join('\n')).toMatch(/this machine's clock is (?:59\d|60\d) s behind the issuer's/)
    expect(lines().join('\n')).toMatch(/iat is (?:59\d|60\d) s ahead of this machine's clock/)
  })

  test('a clock that is ahead, where every token has expired', async () => {
    const clock = { now: () => Date.now() + 86_400_000, monotonic: () => performance.now() }
    expect(await present({ clock })).toBe('ERR_TOKEN_EXPIRED')
    expect(lines().join('\n')).toMatch(/this machine's clock is 86[34]\d\d s ahead of the issuer's/)
  })

  test('a key that is no longer published, and one of another issuer', async () => {
    const other = await createTestIssuer({ issuer: 'https://staging.example.com' })
    expect(await present({}, other.mint())).toBe('ERR_TOKEN_UNKNOWN_KEY')
    expect(lines()).toEqual([
      expect.stringContaining(
        `does not publish the key "${other.kid}"; the token says it is from "https://staging.example.com", expected "http://localhost:4000"`
      )
    ])
  })

  test.each([
    [
      'where nothing listens',
      (port: number) => `http://127.0.0.1:${port}/jwks`,
      /127.0.0.1:\d+\/jwks: .*nothing listens at this host and port/
    ],
    [
      'of a host that there is not',
      () => 'http://no-such-host.invalid/jwks',
      /no-such-host.invalid.*: (?:there is no host of this name|the name of the host cannot be resolved)/
    ]
  ])('a JWKS URL %s', async (_, urlAt, sentence) => {
    expect(await present({ jwksUri: urlAt(await findLastingPort()) })).toBe('ERR_KEYS_UNAVAILABLE')
    expect(lines()[0]).toMatch(sentence)
  })

  test('https where http is spoken', async () => {
    expect(await present({ jwksUri: server.jwksUri.replace('http:', 'https:') })).toBe('ERR_KEYS_UNAVAILABLE')
    expect(lines()[0]).toContain('the server speaks plain http there, not https')
  })

  test('an issuer that redirects, and one that has nothing there', async () => {
    const url = await startResponding((path) =>
      path === '/a' ? [301, { Location: 'https://new.example/jwks' }] : [404, {}]
    )
    expect(await present({ jwksUri: `${url}/a` })).toBe('ERR_KEYS_UNAVAILABLE')
    expect(await present({ jwksUri: `${url}/b` })).toBe('ERR_KEYS_UNAVAILABLE')
    expect(lines()[0]).toContain('status 301: a redirect to "https://new.example/jwks", which is not followed')
    expect(lines()[1]).toContain('status 404: there is no key set at this URL')
  })

  describe.skipIf(!inject('docker'))('of Redis', () => {
    const cases: [string, (url: URL) => void, RegExp][] = [
      ['a port where nothing listens', (url) => Object.assign(url, { port: '1' }), /ECONNREFUSED/],
      ['a password that is wrong', (url) => Object.assign(url, { username: 'nobody', password: 'wrong' }), /WRONGPASS/],
      [
        'a Redis that no issuer publishes to',
        () => {},
        /is this the Redis that the issuer uses\?: the feed in Redis is not complete/
      ]
    ]
    test.each(cases)('%s', { timeout: 30_000 }, async (_, change, sentence) => {
      const url = new URL(await createTestRedis())
      change(url)
      expect(await present({ revocations: redisRevocations({ url: url.href }) })).toBe('ERR_REVOCATIONS_UNAVAILABLE')
      await expect.poll(() => lines().join('\n'), { timeout: 15_000 }).toMatch(sentence)
      expect(lines().join('\n')).not.toContain('wrong')
    })
  })

  test('a token endpoint that is not there', async () => {
    const { privateKey } = await makeClientKey()
    const source = createServiceTokenSource({ issuer: 'http://127.0.0.1:1', clientId: 'reports', privateKey })
    onTestFinished(() => source.close())
    await expect(source.getToken()).rejects.toThrow()
    expect(lines()).toEqual([expect.stringMatching(/no service token for reports: .*cannot be reached/)])
  })

  async function startResponding(respond: (path: string) => [number, Record<string, string>]): Promise<string> {
    const other: Server = createServer((request, response) => response.writeHead(...respond(request.url ?? '')).end())
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => void other.close())
    return `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  }
})
