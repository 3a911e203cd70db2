import type { TokenResponse } from '@countersign/oauth'
import type { Session } from '../grants/refresh-token-families.ts'
import type { AccessTokenIssuer } from './access-tokens.ts'
import type { RefreshTokenCodec } from './refresh-tokens.ts'

export interface TokenResponseDeps {
  accessTokens: AccessTokenIssuer
  refreshTokens: RefreshTokenCodec
}

/** Makes the answer to a grant (RFC 6749 §5.1) from a session as the database just confirmed it. */
export async function createTokenResponse(deps: TokenResponseDeps, session: Session): Promise<TokenResponse> {
  return {
    access_token: await deps.accessTokens.issue(session),
    refresh_token: deps.refreshTokens.encode({ familyId: session.sessionId, generation: session.generation }),
    token_type: 'Bearer',
    expires_in: deps.accessTokens.ttlSeconds,
    scope: session.scope
  }
}
