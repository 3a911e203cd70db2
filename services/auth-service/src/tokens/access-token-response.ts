import type { AccessTokenResponse } from '@countersign/oauth'
import type { AccessTokenGrant, AccessTokenIssuer } from './access-tokens.ts'

/** Makes the response with an access token and nothing else (RFC 6749 §5.1). */
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
