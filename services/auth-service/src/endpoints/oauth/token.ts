import { type AccessTokenResponse, InvalidRequestError } from '@countersign/oauth'
import type { ClientInfo } from '../../client-info.ts'
import type { ClientGrantType } from '../../clients/client.ts'
import type { ConfirmedClient } from '../../clients/client-store.ts'
import type { FirstTokens } from '../../clients/first-tokens.ts'
import { type ClientCredentialsDeps, clientCredentials } from '../../grants/client-credentials.ts'
import { type RefreshDeps, refresh } from '../../grants/refresh.ts'
import { requireGrantType } from '../../grants/requested-scope.ts'
import { exchangeToken, type TokenExchangeDeps } from '../../grants/token-exchange.ts'
import type { IssuerMetrics } from '../../metrics.ts'
import { defineRoute } from '../../routing/route.ts'
import type { DpopKey } from '../../tokens/dpop-key.ts'
import { readGrant } from '../../tokens/requested-grant.ts'
import { accessTokenResponse, type TokenForm, tokenForm } from '../../wire/oauth.ts'

export interface TokenDeps
  extends ClientCredentialsDeps,
    RefreshDeps,
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

/** `POST /oauth/token` (RFC 6749 §3.2): a token for an authenticated client, by one of three grants. */
export const token = defineRoute(
  {
    method: 'post',
    path: '/oauth/token',
    summary: 'Get a token: by client credentials, a refresh token, or token exchange (RFC 6749, RFC 8693)',
    access: 'client',
    body: tokenForm,
    bodyFormat: 'form',
    takesProof: true,
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
    return refresh(deps, {
      refreshToken: body.refresh_token,
      clientId: client.id,
      dpopKey,
      ...readGrant(body),
      origin
    })
  },
  'urn:ietf:params:oauth:grant-type:token-exchange'(deps, { body, client, dpopKey }) {
    const { subject_token: subjectToken, subject_token_type: subjectTokenType, resource, audience } = body
    if (subjectToken === undefined) throw missing('subject_token')
    if (subjectTokenType === undefined) throw missing('subject_token_type')
    if (body.actor_token !== undefined) {
      throw new InvalidRequestError({ description: 'actor_token is not taken: the client itself is who acts.' })
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

function missing(parameter: string): InvalidRequestError {
  return new InvalidRequestError({ description: `The parameter ${parameter} is missing.` })
}
