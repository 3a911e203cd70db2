import { type AccessTokenVerifier, TokenClaimError, type VerifiedAccessToken } from '@countersign/verifier'

/** The audience of a token as a list. */
export function audienceOf({ aud }: Pick<VerifiedAccessToken, 'aud'>): readonly string[] {
  return typeof aud === 'string' ? [aud] : aud
}

/** The same verifier, for tokens that are for this audience. */
export function forAudience(verifier: AccessTokenVerifier, audience: string): AccessTokenVerifier {
  return {
    ...verifier,
    async verify(token, options) {
      const claims = await verifier.verify(token, options)
      if (!audienceOf(claims).includes(audience)) {
        throw new TokenClaimError('aud', { detail: 'aud does not hold this service' })
      }
      return claims
    }
  }
}
