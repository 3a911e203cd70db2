import type { TokenResponse } from '@countersign/oauth'
import type { Session } from '../grants/refresh-token-families.ts'
import type { AccessTokenIssuer } from './access-tokens.ts'
import type { RefreshTokenCodec } from './refresh-tokens.ts'

export interface TokenResponseDeps {
  accessTokens: AccessTokenIssuer
  refreshTokens: RefreshTokenCodec
  /** Lifetime of a session's access tokens. */
  accessTokenTtlSeconds: number
}

/**
 * Makes the answer to a grant (RFC 6749 §5.1) from a session as the database just confirmed it.
 * @param jkt thumbprint of the key that the access token is to be bound to (RFC 9449 §5)
 */
export async function createTokenResponse(
  deps: TokenResponseDeps,
  session: Session,
  jkt?: string | undefined
): Promise<TokenResponse> {
  const { userId: subject, sessionId: sid, issuedAt } = session
  const expiresAt = issuedAt + deps.accessTokenTtlSeconds
  return {
    access_token: await deps.accessTokens.issue({ ...session, subject, sid, expiresAt, jkt }),
    refresh_token: deps.refreshTokens.encode({ familyId: sid, generation: session.generation }),
    token_type: jkt === undefined ? 'Bearer' : 'DPoP',
    expires_in: deps.accessTokenTtlSeconds,
    scope: session.scope
  }
}
