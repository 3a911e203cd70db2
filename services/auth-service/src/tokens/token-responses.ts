import type { AccessTokenResponse, TokenResponse } from '@countersign/oauth'
import type { Session } from '../grants/refresh-token-families.ts'
import type { AccessTokenGrant, AccessTokenIssuer } from './access-tokens.ts'
import type { RefreshTokenCodec } from './refresh-tokens.ts'

export interface TokenResponseDeps {
  accessTokens: AccessTokenIssuer
  refreshTokens: RefreshTokenCodec
  /** Lifetime of a session's access tokens. */
  accessTokenTtlSeconds: number
}

/** Makes the answer with an access token alone (RFC 6749 §5.1). */
export async function createAccessTokenResponse(
  accessTokens: AccessTokenIssuer,
  grant: AccessTokenGrant
): Promise<AccessTokenResponse> {
  return {
    access_token: await accessTokens.issue(grant),
    token_type: grant.jkt === undefined ? 'Bearer' : 'DPoP',
    expires_in: Math.max(0, Math.floor(grant.expiresAt - grant.issuedAt)),
    ...(grant.scope === '' ? {} : { scope: grant.scope })
  }
}

/**
 * Makes the answer to a grant (RFC 6749 §5.1) from a session as the database just confirmed it.
 * @param jkt thumbprint of the key that the access token is to be bound to (RFC 9449 §5)
 */
export async function createTokenResponse(
  { accessTokens, refreshTokens, accessTokenTtlSeconds }: TokenResponseDeps,
  session: Session,
  jkt?: string | undefined
): Promise<TokenResponse> {
  const { userId: subject, sessionId: sid, issuedAt, generation, scope } = session
  const expiresAt = issuedAt + accessTokenTtlSeconds
  return {
    ...(await createAccessTokenResponse(accessTokens, { ...session, subject, sid, expiresAt, jkt })),
    refresh_token: refreshTokens.encode({ familyId: sid, generation }),
    scope
  }
}
