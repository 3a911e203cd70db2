import { createTestClock, createTestIssuer, type TestIssuer } from '@countersign/verifier/testing'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createAccessTokenVerifier } from '../../../src/token/verifier.ts'

const clock = createTestClock()
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createTestIssuer({ clock })
})

const setUp = (from = issuer) => {
  const verifier = createAccessTokenVerifier(from.verifierOptions())
  onTestFinished(() => verifier.close())
  return (token: string): Promise<string> =>
    verifier.verify(token).then(
      ({ sub }) => sub,
      (error) => error.code
    )
}

describe('the test issuer', () => {
  it('mints tokens that a verifier with its options accepts, with the claims that a test wants', async () => {
    const verify = setUp()
    expect(await verify(issuer.mint())).toBe('user-1')
    expect(await verify(issuer.mint({ sub: 'ada', scope: undefined }))).toBe('ada')
    expect(await verify(issuer.mint({ aud: 'https://other.example.com' }))).toBe('ERR_TOKEN_CLAIM')
    expect(await verify(issuer.mint({}, { typ: 'JWT' }))).toBe('ERR_TOKEN_HEADER')
  })

  it('has the issuer and the audience that a test names', async () => {
    const own = await createTestIssuer({ issuer: 'https://own.example.com', audience: 'reports' })
    const verifier = createAccessTokenVerifier(own.verifierOptions())
    onTestFinished(() => verifier.close())
    expect(await verifier.verify(own.mint())).toMatchObject({
      iss: 'https://own.example.com',
      aud: ['reports', own.issuer]
    })
    expect(await setUp()(own.mint())).toBe('ERR_TOKEN_UNKNOWN_KEY')
  })

  it.each([
    ['jti', { jti: 'token-1' }],
    ['sid', { sid: 'session-2' }],
    ['sid', { act: { sub: 'orders', sid: 'epoch-1' } }, { sid: 'epoch-1' }]
  ])(
    'revokes by %s, for each of its verifiers, and for one that is made later',
    async (_, claims, revocation?: object) => {
      const own = await createTestIssuer({ clock })
      const [one, two] = [setUp(own), setUp(own)]
      const token = own.mint(claims)
      expect(await one(token)).toBe('user-1')
      own.revoke(revocation ?? claims)
      for (const verify of [one, two, setUp(own)]) expect(await verify(token)).toBe('ERR_TOKEN_REVOKED')
      expect(await one(own.mint())).toBe('user-1')
    }
  )

  it('revokes a key, and accepts tokens of the next one', async () => {
    const own = await createTestIssuer({ clock })
    const verify = setUp(own)
    const before = own.mint()
    own.revoke({ kid: own.kid })
    expect(await verify(before)).toBe('ERR_TOKEN_UNKNOWN_KEY')
    await own.rotate()
    expect(await verify(own.mint())).toBe('user-1')
    expect(await verify(before)).toBe('ERR_TOKEN_UNKNOWN_KEY')
  })

  it.each([{}, { jti: undefined }, { token: 'token-1' }, { jti: 'token-1', client: 'web' }])(
    'throws a TypeError for revoke(%j)',
    (revocation) => {
      expect(() => issuer.revoke(revocation)).toThrow(TypeError)
    }
  )

  it('forges tokens whose signature does not verify, or whose key is unknown', async () => {
    const verify = setUp()
    expect(await verify(issuer.forge())).toBe('ERR_TOKEN_SIGNATURE')
    expect(await verify(issuer.forge({}, { kid: 'unknown' }))).toBe('ERR_TOKEN_UNKNOWN_KEY')
  })

  it('lets tokens expire by the clock of the test', async () => {
    const ownClock = createTestClock()
    const own = await createTestIssuer({ clock: ownClock })
    const verify = setUp(own)
    const token = own.mint()
    ownClock.advance(604_000)
    expect(await verify(token)).toBe('user-1')
    ownClock.advance(2_000)
    expect(await verify(token)).toBe('ERR_TOKEN_EXPIRED')
    expect(await verify(own.mint())).toBe('user-1')
  })

  it('interrupts revocations: tokens pass until the view is stale, and what was revoked meanwhile is known afterwards', async () => {
    const ownClock = createTestClock()
    const own = await createTestIssuer({ clock: ownClock })
    const verify = setUp(own)
    own.revoke({ sid: 'before' })
    own.interruptRevocations()
    own.interruptRevocations()
    own.revoke({ sid: 'meanwhile' })
    expect(await verify(own.mint({ sid: 'meanwhile' }))).toBe('user-1')
    ownClock.advance(5_001)
    expect(await verify(own.mint())).toBe('ERR_REVOCATIONS_UNAVAILABLE')
    own.resumeRevocations()
    expect(await verify(own.mint())).toBe('user-1')
    for (const sid of ['before', 'meanwhile']) {
      for (const check of [verify, setUp(own)]) expect(await check(own.mint({ sid }))).toBe('ERR_TOKEN_REVOKED')
    }
  })
})
