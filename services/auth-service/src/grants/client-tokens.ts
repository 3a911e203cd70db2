import type { AccessTokenResponse } from '@countersign/oauth'
import type { Client } from '../clients/client.ts'
import { getsRefreshToken } from '../clients/client-rules.ts'
import type { Session } from '../sessions/refresh-token-families.ts'
import type { RefreshTokenCodec } from '../sessions/refresh-tokens.ts'
import { createAccessTokenResponse } from '../tokens/access-token-response.ts'
import type { AccessTokenIssuer } from '../tokens/access-tokens.ts'
import { type IdTokens, userClaims } from '../tokens/id-tokens.ts'
import { userinfoAudience } from '../tokens/identity-scopes.ts'

export interface ClientTokenDeps {
  issuer: string
  accessTokens: AccessTokenIssuer
  refreshTokens: RefreshTokenCodec
  idTokens: IdTokens
  accessTokenTtlSeconds: number
}

/**
 * The tokens of a client's session with a user (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3). Scopes of identity are in no token for an API,
 * where a scope of that name may mean something else.
 * @param nonce of the authorization request; absent at a refresh (OpenID Connect Core §12.2)
 */
export async function createClientTokens(
  deps: ClientTokenDeps,
  {
    session,
    client,
    nonce,
    jkt,
    isRefresh = false
  }: { session: Session; client: Client; nonce?: string | undefined; jkt: string | undefined; isRefresh?: boolean }
): Promise<AccessTokenResponse> {
  const { identityScopes: scopes, sessionId, userId, generation } = session
  const isForUserinfo = session.audience.includes(userinfoAudience(deps.issuer))
  const response = await createAccessTokenResponse(deps.accessTokens, {
    subject: userId,
    username: scopes.includes('profile') ? session.username : undefined,
    roles: session.roles,
    clientId: client.id,
    sid: sessionId,
    scope: isForUserinfo ? scopes.join(' ') : session.scope,
    audience: session.audience,
    authentication: session.authentication,
    issuedAt: session.issuedAt,
    expiresAt: session.issuedAt + deps.accessTokenTtlSeconds,
    signingKid: session.signingKid,
    jkt
  })
  const granted = [...scopes, session.scope].filter(Boolean).join(' ')
  const hasRefreshToken = isRefresh || getsRefreshToken(client, scopes)
  return {
    ...response,
    ...(granted !== '' && { scope: granted }),
    ...(hasRefreshToken && { refresh_token: deps.refreshTokens.encode({ familyId: sessionId, generation }) }),
    ...(scopes.includes('openid') && { id_token: await idTokenOf(deps, session, client, nonce) })
  }
}

function idTokenOf(deps: ClientTokenDeps, session: Session, client: Client, nonce: string | undefined) {
  return deps.idTokens.issue({
    subject: session.userId,
    clientId: client.id,
    sid: session.sessionId,
    nonce,
    authentication: session.authentication,
    user: userClaims(session, session.identityScopes),
    issuedAt: session.issuedAt,
    expiresAt: session.issuedAt + (client.idTokenTtlSeconds ?? deps.accessTokenTtlSeconds),
    signingKid: session.signingKid
  })
}
