import { type AccessTokenResponse, InvalidRequestError } from '@countersign/oauth'
import type { ClientInfo } from '../../client-info.ts'
import type { ClientGrantType } from '../../clients/client.ts'
import { firstPartyClientId } from '../../clients/client-rules.ts'
import type { ConfirmedClient } from '../../clients/client-store.ts'
import type { FirstTokens } from '../../clients/first-tokens.ts'
import { type AuthorizationCodeDeps, exchangeCode } from '../../grants/authorization-code.ts'
import { type ClientCredentialsDeps, clientCredentials } from '../../grants/client-credentials.ts'
import { createClientTokens } from '../../grants/client-tokens.ts'
import { type RefreshDeps, type RefreshRequest, refresh, refreshSession } from '../../grants/refresh.ts'
import { requireGrantType } from '../../grants/requested-scope.ts'
import { exchangeToken, type TokenExchangeDeps } from '../../grants/token-exchange.ts'
import type { IssuerMetrics } from '../../metrics.ts'
import { defineRoute } from '../../routing/route.ts'
import type { Session } from '../../sessions/refresh-token-families.ts'
import type { DpopKey } from '../../tokens/dpop-key.ts'
import { isIdentityScope, userinfoAudience } from '../../tokens/identity-scopes.ts'
import { readGrant } from '../../tokens/requested-grant.ts'
import { accessTokenResponse, type TokenForm, tokenForm } from '../../wire/oauth.ts'

export interface TokenDeps
  extends ClientCredentialsDeps,
    RefreshDeps,
    AuthorizationCodeDeps,
    Omit<TokenExchangeDeps, 'accessTokens' | 'accessTokenTtlSeconds' | 'sessions'> {
  firstTokens: Pick<FirstTokens, 'note'>
  metrics: IssuerMetrics
}

interface TokenRequest {
  readonly body: TokenForm
  readonly client: ConfirmedClient
  readonly dpopKey: DpopKey | undefined
  readonly origin: ClientInfo
}

/** `POST /oauth/token` (RFC 6749 §3.2): tokens for an authenticated client, by one of four grants. */
export const token = defineRoute(
  {
    method: 'post',
    path: '/oauth/token',
    summary:
      'Get a token: by an authorization code, client credentials, a refresh token, or token exchange (RFC 6749, RFC 8693)',
    access: 'client',
    body: tokenForm,
    bodyFormat: 'form',
    takesProof: true,
    allowsOtherOrigins: true,
    response: { status: 200, schema: accessTokenResponse }
  },
  (deps: TokenDeps) => async (request) => {
    const response = await grants[request.body.grant_type](deps, request)
    deps.firstTokens.note(request.client)
    return response
  },
  ({ metrics }) =>
    (body, code) =>
      metrics.countTokenRequest(body?.grant_type ?? 'other', code ?? 'issued')
)

/** The parameters of each grant, from the form. */
const grants: Record<ClientGrantType, (deps: TokenDeps, request: TokenRequest) => Promise<AccessTokenResponse>> = {
  client_credentials(deps, { body: { scope, resource }, client, dpopKey }) {
    return clientCredentials(deps, { client, scope, resource, dpopKey })
  },
  refresh_token(deps, { body, client, dpopKey, origin }) {
    requireGrantType(client, 'refresh_token')
    if (body.refresh_token === undefined) throw missing('refresh_token')
    const request = { refreshToken: body.refresh_token, clientId: client.id, dpopKey, ...readGrant(body), origin }
    return client.id === firstPartyClientId ? refresh(deps, request) : refreshForClient(deps, client, request)
  },
  authorization_code(deps, { body, client, dpopKey, origin }) {
    requireGrantType(client, 'authorization_code')
    if (body.code === undefined) throw missing('code')
    if (body.redirect_uri === undefined) throw missing('redirect_uri')
    const { code, redirect_uri: redirectUri, code_verifier: verifier, resource } = body
    return exchangeCode(deps, { client, code, redirectUri, verifier, resource, dpopKey, origin })
  },
  'urn:ietf:params:oauth:grant-type:token-exchange'(deps, { body, client, dpopKey }) {
    const { subject_token: subjectToken, subject_token_type: subjectTokenType, resource, audience } = body
    if (subjectToken === undefined) throw missing('subject_token')
    if (subjectTokenType === undefined) throw missing('subject_token_type')
    if (body.actor_token !== undefined) {
      throw new InvalidRequestError({ description: 'actor_token is not supported: the client is the actor.' })
    }
    return exchangeToken(deps, {
      client,
      subjectToken,
      subjectTokenType,
      requestedTokenType: body.requested_token_type,
      scope: body.scope,
      // Audiences are named by their URIs here, so both parameters say the same (RFC 8693 §2.1).
      resource: resource || audience ? [...(resource ?? []), ...(audience ?? [])] : undefined,
      dpopKey
    })
  }
}

/** This response has no more than it asks for; the session keeps all that it was granted. */
async function refreshForClient(deps: TokenDeps, client: ConfirmedClient, request: RefreshRequest) {
  const asked = request.scopes
  const ofApi = asked?.filter((scope) => !isIdentityScope(scope))
  const isIdentityAlone = ofApi?.length === 0
  const granted = await refreshSession(deps, { ...request, scopes: isIdentityAlone ? undefined : ofApi })
  const identityScopes = granted.identityScopes.filter((scope) => !asked || asked.includes(scope))
  const session = { ...granted, identityScopes, ...(isIdentityAlone && withoutScopes(deps, granted, request)) }
  return createClientTokens(deps, { session, client, jkt: request.dpopKey?.jkt, isRefresh: true })
}

/** For userinfo, unless the request names its API or the API has no scopes. */
function withoutScopes({ issuer }: TokenDeps, { scope }: Session, { resource }: RefreshRequest): Partial<Session> {
  const isForApi = resource !== undefined || scope === ''
  return { scope: '', ...(!isForApi && { audience: [userinfoAudience(issuer)], roles: undefined }) }
}

function missing(parameter: string): InvalidRequestError {
  return new InvalidRequestError({ description: `The parameter ${parameter} is missing.` })
}
