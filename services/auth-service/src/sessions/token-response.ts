import type { TokenResponse } from '@countersign/oauth'
import { createAccessTokenResponse } from '../tokens/access-token-response.ts'
import type { AccessTokenIssuer } from '../tokens/access-tokens.ts'
import type { Session } from './refresh-token-families.ts'
import type { RefreshTokenCodec } from './refresh-tokens.ts'

export interface TokenResponseDeps {
  accessTokens: AccessTokenIssuer
  refreshTokens: RefreshTokenCodec
  /** Lifetime of a session's access tokens. */
  accessTokenTtlSeconds: number
}

/**
 * Makes the response to a grant (RFC 6749 §5.1) from a session that the database has just confirmed.
 * @param jkt thumbprint of the key to bind the access token to (RFC 9449 §5)
 */
export async function createTokenResponse(
  { accessTokens, refreshTokens, accessTokenTtlSeconds }: TokenResponseDeps,
  session: Session,
  jkt?: string | undefined
): Promise<TokenResponse> {
  const response = await createAccessTokenResponse(accessTokens, {
    subject: session.userId,
    username: session.username,
    roles: session.roles,
    clientId: session.clientId,
    sid: session.sessionId,
    scope: session.scope,
    audience: session.audience,
    authentication: session.authentication,
    issuedAt: session.issuedAt,
    expiresAt: session.issuedAt + accessTokenTtlSeconds,
    signingKid: session.signingKid,
    jkt
  })
  return {
    ...response,
    refresh_token: refreshTokens.encode({ familyId: session.sessionId, generation: session.generation })
  }
}
