import { TemporarilyUnavailableError } from '@countersign/oauth'
import {
  type AccessTokenVerifier,
  KeysUnavailableError,
  RevocationsUnavailableError,
  requireClaims,
  TokenClaimError,
  type VerifiedAccessToken,
  VerifierError
} from '@countersign/verifier'

/** The access tokens of this issuer, for whatever audience. */
export interface OwnAccessTokens {
  /**
   * Reads a token, bound to a key or not: introspection does not use it.
   * @returns its claims, or `undefined` when it is not valid: forged, expired, revoked
   * @throws {TemporarilyUnavailableError} when that cannot be known
   */
  read(token: string): Promise<VerifiedAccessToken | undefined>
}

export function createOwnAccessTokens(verifier: Pick<AccessTokenVerifier, 'verify'>): OwnAccessTokens {
  return {
    async read(token) {
      try {
        return await verifier.verify(token, { dpop: null })
      } catch (cause) {
        if (cause instanceof KeysUnavailableError || cause instanceof RevocationsUnavailableError) {
          throw new TemporarilyUnavailableError({ detail: cause.detail ?? cause.message, cause })
        }
        if (cause instanceof VerifierError) return undefined
        throw cause
      }
    }
  }
}

/** The audience of a token as a list. */
export function audienceOf({ aud }: Pick<VerifiedAccessToken, 'aud'>): readonly string[] {
  return typeof aud === 'string' ? [aud] : aud
}

/** The same verifier, for tokens that are for this audience. */
export function forAudience(verifier: AccessTokenVerifier, audience: string): AccessTokenVerifier {
  return requireClaims(verifier, (claims) => {
    if (audienceOf(claims).includes(audience)) return
    throw new TokenClaimError('aud', { detail: 'aud does not hold this service' })
  })
}
