import type { VerifiedAccessToken } from './claims.ts'
import { continueWith } from './continue-with.ts'
import type { AccessTokenVerifier } from './verifier.ts'

/**
 * The same verifier with one more rule for the claims, which runs at each use.
 *
 * @param rule throws what `verify` and `check` have to throw, such as a {@link TokenClaimError}
 *
 * @example
 * ```ts
 * const verifierOfUsers = requireClaims(verifier, ({ preferred_username }) => {
 *   if (preferred_username === undefined) throw new TokenClaimError('preferred_username')
 * })
 * ```
 */
export function requireClaims<V extends Pick<AccessTokenVerifier, 'verify' | 'check'>>(
  verifier: V,
  rule: (claims: VerifiedAccessToken) => void
): V {
  const pass = (claims: VerifiedAccessToken) => {
    rule(claims)
    return claims
  }
  return {
    ...verifier,
    verify: async (token, options) => pass(await verifier.verify(token, options)),
    check: (token, options) => continueWith(verifier.check(token, options), pass)
  }
}
