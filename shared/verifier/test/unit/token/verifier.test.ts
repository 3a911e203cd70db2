import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { createTestClock, createTestIssuer, type TestIssuer } from '@countersign/verifier/testing'
import fc from 'fast-check'
import * as jose from 'jose'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { VerifierError } from '../../../src/errors.ts'
import { createInProcessRevocationLog, inProcessRevocations } from '../../../src/in-process/index.ts'
import { createAccessTokenVerifier } from '../../../src/token/verifier.ts'
import type { AccessTokenVerifierOptions } from '../../../src/token/verifier-options.ts'

const clock = createTestClock()
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createTestIssuer({ clock })
})

const setUp = (options: Partial<AccessTokenVerifierOptions> = {}) => {
  const verifier = createAccessTokenVerifier({
    issuer: issuer.issuer,
    audience: issuer.audience,
    keys: issuer.keySource,
    revocations: null,
    clock,
    ...options
  })
  const code = (token: string) =>
    verifier.verify(token).then(
      () => 'good',
      (error: { code?: string; claim?: string }) =>
        error.claim ? `${error.code} ${error.claim}` : (error.code ?? String(error))
    )
  return { verifier, code }
}

/** Counts the signatures that are verified until the test ends. */
function spyOnSignatures() {
  const spy = vi.spyOn(crypto, 'verify')
  syncBuiltinESMExports()
  onTestFinished(() => {
    spy.mockRestore()
    syncBuiltinESMExports()
  })
  return spy
}

describe('the access token verifier', () => {
  it('resolves to the claims of a valid token, frozen', async () => {
    const { verifier } = setUp()
    const claims = await verifier.verify(issuer.mint({ sub: 'ada' }))
    expect(claims).toMatchObject({
      iss: issuer.issuer,
      sub: 'ada',
      client_id: 'web',
      roles: ['user'],
      sid: 'session-1'
    })
    expect(Object.isFrozen(claims)).toBe(true)
    expect(await verifier.verify(issuer.mint({ sub: 'ada', jti: claims.jti }))).toEqual(claims)
  })

  it('refuses each fault with its own code', async () => {
    const { code } = setUp()
    expect(await code('x')).toBe('ERR_TOKEN_MALFORMED')
    expect(await code(issuer.mint({}, { alg: 'none' }))).toBe('ERR_TOKEN_HEADER')
    expect(await code(issuer.mint({}, { typ: 'JWT' }))).toBe('ERR_TOKEN_HEADER')
    expect(await code(issuer.mint({}, { kid: 'other' }))).toBe('ERR_TOKEN_UNKNOWN_KEY')
    expect(await code(issuer.mint({ sub: undefined }))).toBe('ERR_TOKEN_CLAIM sub')
    expect(await code(issuer.mint({ iss: 'https://evil.example' }))).toBe('ERR_TOKEN_CLAIM iss')
    expect(await code(issuer.mint({ aud: 'https://evil.example' }))).toBe('ERR_TOKEN_CLAIM aud')
    expect(await code(issuer.mint({ exp: clock.now() / 1000 - 5 }))).toBe('ERR_TOKEN_EXPIRED')
    expect(await code(issuer.mint({ exp: clock.now() / 1000 - 4.9 }))).toBe('good')
    expect(await code(issuer.mint({ iat: clock.now() / 1000 + 6 }))).toBe('ERR_TOKEN_CLAIM iat')
  })

  it('refuses a signature of another key, also when the header brings that key along', async () => {
    const { code } = setUp()
    const evil = await createTestIssuer({ clock })
    const jwk = evil.jwks().keys[0]
    expect(await code(issuer.forge())).toBe('ERR_TOKEN_SIGNATURE')
    expect(await code(evil.mint({}, { kid: issuer.kid, jwk }))).toBe('ERR_TOKEN_SIGNATURE')
    expect(await code(evil.mint({}, { jwk }))).toBe('ERR_TOKEN_UNKNOWN_KEY')
  })

  it('refuses HS256 with the public key as secret', async () => {
    const { n } = issuer.jwks().keys[0] ?? { n: '' }
    const token = await new jose.CompactSign(Buffer.from('{}'))
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: issuer.kid })
      .sign(Buffer.from(n, 'base64url'))
    expect(await setUp().code(token)).toBe('ERR_TOKEN_HEADER')
  })

  it('checks the signature before the claims, and the claims before the denylist', async () => {
    const log = createInProcessRevocationLog({ clock })
    log.append([{ kind: 'sid', value: 'session-1', expiresAt: clock.now() / 1000 + 600 }])
    log.complete()
    const { code, verifier } = setUp({ revocations: inProcessRevocations(log) })
    expect(await code(issuer.forge({ aud: 'x' }))).toBe('ERR_TOKEN_SIGNATURE')
    expect(await code(issuer.mint({ aud: 'x' }))).toBe('ERR_TOKEN_CLAIM aud')
    expect(await code(issuer.mint({ exp: 1 }))).toBe('ERR_TOKEN_EXPIRED')
    expect(await code(issuer.mint())).toBe('ERR_TOKEN_REVOKED')
    await verifier.close()
  })

  it('verifies a token once, and caches it by its exact text', async () => {
    const { verifier } = setUp()
    const verify = spyOnSignatures()
    const token = issuer.mint()
    await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token)))
    await verifier.verify(token)
    expect(verify).toHaveBeenCalledOnce()
    await verifier.verify(issuer.mint())
    expect(verify).toHaveBeenCalledTimes(2)
    expect(verifier.status().cachedTokens).toBe(2)
  })

  it('keeps nothing of a token that is refused: each refusal is a new one', async () => {
    const { verifier } = setUp()
    const refusal = (token: string) =>
      verifier.verify(token).then(
        () => expect.unreachable(),
        (error: unknown) => error
      )
    for (const token of ['a.b', issuer.forge(), issuer.mint({ aud: 'x' }), issuer.mint({ exp: 1 })]) {
      const [first, second] = [await refusal(token), await refusal(token)]
      expect(first, token).toBeInstanceOf(VerifierError)
      expect(first === second, token).toBe(false)
    }
    expect(verifier.status().cachedTokens).toBe(0)
  })

  it('caches no more tokens than cacheSize, and none when it is 0', async () => {
    for (const [cacheSize, remembered] of [
      [2, 2],
      [0, 0]
    ] as const) {
      const { verifier } = setUp({ cacheSize })
      for (let at = 0; at < 4; at++) await verifier.verify(issuer.mint())
      expect(verifier.status().cachedTokens).toBe(remembered)
    }
  })

  it('gets a cached token at once, and checks its end, its denylist entries and its key each time', async () => {
    const ownClock = createTestClock()
    const own = await createTestIssuer({ clock: ownClock })
    const { verifier } = setUp(own.verifierOptions())
    const [expiring, revoked, orphaned] = [
      own.mint(),
      own.mint({ sid: 'session-2' }),
      own.mint({ sid: 'session-3', exp: 9e9 })
    ]
    for (const token of [expiring, revoked, orphaned]) {
      const claims = verifier.check(token)
      expect(claims).toBeInstanceOf(Promise)
      expect(await claims).toBe(verifier.check(token))
      expect(await verifier.verify(token)).toBe(verifier.check(token))
    }
    own.revoke({ sid: 'session-2' })
    expect(() => verifier.check(revoked)).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_REVOKED' }))
    ownClock.advance(605_000)
    expect(() => verifier.check(expiring)).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_EXPIRED' }))
    const kid = own.kid
    await own.rotate()
    await own.withdraw(kid)
    await expect(verifier.check(orphaned)).rejects.toMatchObject({ code: 'ERR_TOKEN_UNKNOWN_KEY' })
    await verifier.close()
    await expect(verifier.check(expiring)).rejects.toMatchObject({ code: 'ERR_TOKEN_UNKNOWN_KEY' })
  })

  it('refuses a cached token, asks the transport or accepts while the view is stale, as the policy says', async () => {
    const log = createInProcessRevocationLog({ clock })
    log.complete()
    const { verifier } = setUp({ revocations: inProcessRevocations(log, { maxStalenessSeconds: 1 }) })
    const token = issuer.mint()
    const claims = await verifier.verify(token)
    log.flush()
    clock.advance(1001)
    expect(() => verifier.check(token)).toThrow(expect.objectContaining({ code: 'ERR_REVOCATIONS_UNAVAILABLE' }))
    await expect(verifier.check(token, { whenStale: 'check' })).rejects.toMatchObject({
      code: 'ERR_REVOCATIONS_UNAVAILABLE'
    })
    expect(verifier.check(token, { whenStale: 'allow' })).toBe(claims)
  })

  it('refuses a cached token at once that was revoked before it came, while it was verified, or by any of its names', async () => {
    const log = createInProcessRevocationLog({ clock })
    const revoke = (kind: 'jti' | 'sid' | 'kid', value: string) =>
      log.append([{ kind, value, expiresAt: clock.now() / 1000 + 660 }])
    revoke('sid', 'ended before')
    log.complete()
    const own = await createTestIssuer({ clock })
    // It keeps its keys, whatever the denylist names.
    const { verifier, code } = setUp({
      keys: { ...own.keySource, remove: () => {} },
      revocations: inProcessRevocations(log)
    })
    const isRefused = (token: string) =>
      expect(() => verifier.check(token), token).toThrow(expect.objectContaining({ code: 'ERR_TOKEN_REVOKED' }))

    const before = own.mint({ sid: 'ended before' })
    expect(await code(before)).toBe('ERR_TOKEN_REVOKED')
    isRefused(before)

    const meanwhile = own.mint({ sid: 'ended meanwhile' })
    const verifying = code(meanwhile)
    revoke('sid', 'ended meanwhile')
    expect(await verifying).toBe('ERR_TOKEN_REVOKED')
    isRefused(meanwhile)

    const [byJti, bySid, byActor, other] = [
      own.mint({ jti: 'jti-1' }),
      own.mint({ sid: 'session-9' }),
      own.mint({ act: { sub: 'service', sid: 'epoch-1', act: { sub: 'another', sid: 'epoch-2' } } }),
      own.mint()
    ]
    const all = [byJti, bySid, byActor, other]
    for (const token of all) expect(await code(token)).toBe('good')
    revoke('jti', 'jti-1')
    revoke('sid', 'session-9')
    revoke('sid', 'epoch-2')
    for (const token of [byJti, bySid, byActor]) isRefused(token)
    expect(verifier.check(other)).toMatchObject({ iss: own.issuer })
    revoke('kid', own.kid)
    for (const token of all) isRefused(token)
    // And it stays so, also for one that goes to the other generation.
    expect(await code(bySid)).toBe('ERR_TOKEN_REVOKED')
  })

  it('asks for a proof each time when a cached token is bound to a key', async () => {
    const { verifier } = setUp()
    const bound = issuer.mint({ cnf: { jkt: 'A'.repeat(43) } })
    await verifier.verify(bound, { dpop: null })
    expect(verifier.status().cachedTokens).toBe(1)
    await expect(verifier.check(bound)).rejects.toMatchObject({ code: 'ERR_TOKEN_BINDING' })
  })

  it('caches no token that failed', async () => {
    const { verifier, code } = setUp()
    await code(issuer.mint({ aud: 'x' }))
    await code(issuer.mint({ exp: 1 }))
    expect(verifier.status().cachedTokens).toBe(0)
  })

  it('checks a cached token for its end, its denylist entries and its key each time', async () => {
    const ownClock = createTestClock()
    const own = await createTestIssuer({ clock: ownClock })
    const { code, verifier } = setUp(own.verifierOptions())
    const [expiring, revoked, orphaned] = [
      own.mint(),
      own.mint({ sid: 'session-2' }),
      own.mint({ sid: 'session-3', exp: 9e9 })
    ]
    for (const token of [expiring, revoked, orphaned]) expect(await code(token)).toBe('good')
    own.revoke({ sid: 'session-2' })
    expect(await code(revoked)).toBe('ERR_TOKEN_REVOKED')
    expect(await code(expiring)).toBe('good')
    ownClock.advance(605_000)
    expect(await code(expiring)).toBe('ERR_TOKEN_EXPIRED')
    const kid = own.kid
    await own.rotate()
    await own.withdraw(kid)
    expect(await code(orphaned)).toBe('ERR_TOKEN_UNKNOWN_KEY')
    await verifier.close()
  })

  it('does not trust a cached token when its kid names another key now', async () => {
    const { code } = setUp({ keys: issuer.keySource })
    const other = await createTestIssuer({ clock })
    const { verifier } = setUp({ keys: other.keySource })
    const token = other.mint()
    await verifier.verify(token)
    const swapped = { ...issuer.jwks().keys[0], kid: other.kid }
    await other.keySource.replace({ keys: [swapped] })
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_SIGNATURE' })
    expect(await code(issuer.mint())).toBe('good')
  })

  it('refuses all tokens of a revoked key at once, and drops the key', async () => {
    const own = await createTestIssuer({ clock })
    const { code, verifier } = setUp(own.verifierOptions())
    const [before, after] = [own.mint(), own.mint()]
    expect(await code(before)).toBe('good')
    own.revoke({ kid: own.kid })
    expect(await code(before)).toMatch(/^ERR_TOKEN_(REVOKED|UNKNOWN_KEY)$/)
    expect(await code(after)).toBe('ERR_TOKEN_UNKNOWN_KEY')
    expect(verifier.status().keys.count).toBe(0)
    await verifier.close()
  })

  it('drops a key that the feed names while it is being connected, and fetches soon for one that it names later', async () => {
    const own = await createTestIssuer({ clock })
    const first = own.kid
    const second = await own.rotate()
    const fetch = vi.fn(
      async () => new Response(JSON.stringify(own.jwks()), { headers: { 'Content-Type': 'application/json' } })
    )
    const log = createInProcessRevocationLog({ clock })
    log.append([{ kind: 'kid', value: first, expiresAt: clock.now() / 1000 + 660 }])
    log.complete()
    const ownClock = createTestClock()
    const { verifier } = setUp({ keys: undefined, fetch, clock: ownClock, revocations: inProcessRevocations(log) })
    await verifier.ready()
    expect(verifier.status().keys.count).toBe(1)
    expect(fetch).toHaveBeenCalledOnce()
    ownClock.advance(10_000)
    await own.rotate()
    log.append([{ kind: 'kid', value: second, expiresAt: clock.now() / 1000 + 660 }])
    expect(verifier.status().keys.count).toBe(0)
    await vi.waitFor(() => expect(verifier.status().keys.count).toBe(1), 1500)
    expect(fetch).toHaveBeenCalledTimes(2)
    await verifier.close()
  })

  it('says 503, not 401, when keys or the denylist cannot be known', async () => {
    const noKeys = setUp({ keys: undefined, fetch: async () => Promise.reject(new TypeError('fetch failed')) })
    expect(await noKeys.code(issuer.mint())).toBe('ERR_KEYS_UNAVAILABLE')
    await noKeys.verifier.close()
    const log = createInProcessRevocationLog({ clock })
    const stale = setUp({ revocations: inProcessRevocations(log) })
    expect(await stale.code(issuer.mint())).toBe('ERR_REVOCATIONS_UNAVAILABLE')
    await expect(stale.verifier.verify(issuer.mint(), { whenStale: 'allow' })).resolves.toBeDefined()
    await stale.verifier.close()
  })

  it('finds the keys at the well-known URL of the issuer unless jwksUri names another', async () => {
    const fetch = vi.fn(
      async () => new Response(JSON.stringify(issuer.jwks()), { headers: { 'Content-Type': 'application/json' } })
    )
    const { verifier, code } = setUp({ keys: undefined, fetch })
    expect(await code(issuer.mint())).toBe('good')
    expect(fetch).toHaveBeenCalledWith('https://auth.example.com/.well-known/jwks.json', expect.anything())
    await verifier.ready()
    await verifier.close()
  })

  it('reports its status', async () => {
    const log = createInProcessRevocationLog({ clock })
    const { verifier } = setUp({ revocations: inProcessRevocations(log) })
    expect(verifier.status()).toEqual({
      keys: {
        count: issuer.jwks().keys.length,
        ageSeconds: expect.any(Number),
        consecutiveFailures: 0,
        fetches: { changed: 0, unchanged: 0, failed: 0, refused: 0 },
        ignoredKeys: 0
      },
      revocations: { isLoaded: false, isCurrent: false, stalenessSeconds: null, entries: 0 },
      cachedTokens: 0
    })
    log.complete()
    expect(verifier.status().revocations).toEqual({ isLoaded: true, isCurrent: true, stalenessSeconds: 0, entries: 0 })
    await verifier.close()
  })

  it('rejects invalid options with a TypeError that names the option', () => {
    const wrong: [string, object][] = [
      ['issuer', { issuer: '' }],
      ['issuer', { issuer: 'auth.example.com' }],
      ['audience', { audience: '' }],
      ['audience', { audience: [] }],
      ['audience', { audience: undefined }],
      ['revocations', { revocations: undefined }],
      ['revocations.feed', { revocations: {} }],
      ['clockToleranceSeconds', { clockToleranceSeconds: 61 }],
      ['clockToleranceSeconds', { clockToleranceSeconds: -1 }],
      ['cacheSize', { cacheSize: -1 }],
      ['maxStaleKeysSeconds', { keys: undefined, maxStaleKeysSeconds: 1 }],
      ['maxStaleKeysSeconds', { maxStaleKeysSeconds: 3600 }],
      ['jwksUri', { jwksUri: 'https://x' }],
      ['jwksUri', { keys: undefined, jwksUri: 'x' }],
      ['keys', { keys: {} }]
    ]
    for (const [option, overrides] of wrong) {
      expect(() => setUp(overrides), option).toThrow(TypeError)
      expect(() => setUp(overrides), option).toThrow(new RegExp(`^${option.replace('.', '\\.')}\\b`))
    }
  })

  it('throws a TypeError for a token that is not a string', async () => {
    await expect(setUp().verifier.verify(undefined as unknown as string)).rejects.toThrow(TypeError)
  })

  it('verifies no token after any change of a character of the signing input', async () => {
    const { code } = setUp()
    const token = issuer.mint()
    const end = token.lastIndexOf('.')
    const character = fc.oneof(
      fc.constantFrom(...'ABCXYZabcxyz019-_.=+/ \n'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(end - 1), character, async (at, changed) => {
        fc.pre(token[at] !== changed)
        expect(await code(token.slice(0, at) + changed + token.slice(at + 1))).toMatch(/^ERR_TOKEN_/)
      }),
      { numRuns: 1000 }
    )
  })

  it('verifies no token after any change to its decoded signature', async () => {
    const { code } = setUp()
    const token = issuer.mint()
    const [header, payload, signature = ''] = token.split('.')
    const bytes = Buffer.from(signature, 'base64url')
    const changed = fc.oneof(
      fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => {
        const copy = Buffer.from(bytes)
        copy[at] = (copy[at] ?? 0) ^ mask
        return copy
      }),
      fc.nat(bytes.length - 1).map((length) => bytes.subarray(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 8 }).map((more) => Buffer.concat([bytes, more])),
      fc.uint8Array({ minLength: 1, maxLength: 8 }).map((more) => Buffer.concat([more, bytes])),
      fc.uint8Array({ minLength: 256, maxLength: 256 }).map((random) => Buffer.from(random))
    )
    await fc.assert(
      fc.asyncProperty(changed, async (other) => {
        expect(await code(`${header}.${payload}.${other.toString('base64url')}`)).toMatch(/^ERR_TOKEN_/)
      }),
      { numRuns: 500 }
    )
    expect(await code(token)).toBe('good')
  })
})
