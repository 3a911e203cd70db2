import { describe, expect, it } from 'vitest'
import { TokenClaimError } from '../../../src/errors.ts'
import { requireClaims } from '../../../src/token/require-claims.ts'
import { setUpVerifierFixture } from '../fixtures/verifier-fixture.ts'

describe('a verifier with one more rule for the claims', () => {
  it('rejects what breaks the rule when it is new, and throws at once when it is cached', async () => {
    const { issuer, verifier } = await setUpVerifierFixture()
    const onlyForAda = requireClaims(verifier, ({ sub }) => {
      if (sub !== 'ada') throw new TokenClaimError('sub')
    })
    const [good, bad] = [issuer.mint({ sub: 'ada' }), issuer.mint({ sub: 'bob' })]
    const refused = { code: 'ERR_TOKEN_CLAIM', claim: 'sub' }
    await expect(onlyForAda.check(bad)).rejects.toMatchObject(refused)
    await expect(onlyForAda.verify(bad)).rejects.toMatchObject(refused)
    expect(() => onlyForAda.check(bad)).toThrow(expect.objectContaining(refused))
    const claims = await onlyForAda.check(good)
    expect(claims.sub).toBe('ada')
    expect(onlyForAda.check(good)).toBe(claims)
    expect(onlyForAda.status()).toMatchObject({ cachedTokens: 2 })
  })
})
