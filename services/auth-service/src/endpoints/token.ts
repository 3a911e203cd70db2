import {
  type AccessTokenResponse,
  InvalidRequestError,
  OAuthError,
  UnsupportedGrantTypeError
} from '@countersign/oauth'
import { requireForm } from '@countersign/service-kit'
import type { Context, Middleware } from 'koa'
import { type ClientGrantType, clientGrantTypes } from '../clients/client.ts'
import type { ClientAuthenticationDeps } from '../clients/client-authentication.ts'
import type { ConfirmedClient } from '../clients/client-store.ts'
import { type ClientCredentialsDeps, clientCredentials } from '../grants/client-credentials.ts'
import { type RefreshDeps, refresh } from '../grants/refresh.ts'
import { readResources, readScopes, requireGrantType } from '../grants/requested-scope.ts'
import { exchangeToken, type TokenExchangeDeps } from '../grants/token-exchange.ts'
import type { IssuerMetrics } from '../metrics.ts'
import { clientInfoOf } from './client-info.ts'
import { repeatableParameters, type TokenForm, tokenForm } from './oauth-forms.ts'
import { type ProofOfPossessionDeps, takeProof } from './proof-of-possession.ts'
import { requireClient } from './require-client.ts'

export interface TokenDeps
  extends ClientCredentialsDeps,
    RefreshDeps,
    Omit<TokenExchangeDeps, 'accessTokens' | 'accessTokenTtlSeconds'> {
  clientAuthentication: ClientAuthenticationDeps
  proofs: ProofOfPossessionDeps
  metrics: IssuerMetrics
}

/** `POST /oauth/token` (RFC 6749 §3.2): a token for an authenticated client, by one of three grants. */
export function token(deps: TokenDeps): Middleware[] {
  return [
    countTokenRequests(deps),
    requireForm(tokenForm, { repeatable: repeatableParameters }),
    requireKnownGrant,
    requireClient(deps.clientAuthentication),
    takeProof(deps.proofs),
    async function answerToken(ctx) {
      const { grant_type: grantType } = ctx.state.form as TokenForm
      ctx.body = await grants[grantType as ClientGrantType](deps, ctx)
    }
  ]
}

/** Each grant's parameters, out of the form. */
const grants: Record<ClientGrantType, (deps: TokenDeps, ctx: Context) => Promise<AccessTokenResponse>> = {
  client_credentials(deps, ctx) {
    const { scope, resource } = ctx.state.form as TokenForm
    return clientCredentials(deps, { client: clientOf(ctx), scope, resource, dpopKey: ctx.state.dpopKey })
  },
  refresh_token(deps, ctx) {
    const { refresh_token: refreshToken, scope, resource } = ctx.state.form as TokenForm
    requireGrantType(clientOf(ctx), 'refresh_token')
    if (refreshToken === undefined) throw missing('refresh_token')
    return refresh(deps, {
      refreshToken,
      clientId: clientOf(ctx).id,
      dpopKey: ctx.state.dpopKey,
      scopes: readScopes(scope),
      audience: readResources(resource),
      origin: clientInfoOf(ctx)
    })
  },
  'urn:ietf:params:oauth:grant-type:token-exchange'(deps, ctx) {
    const form = ctx.state.form as TokenForm
    const { subject_token: subjectToken, subject_token_type: subjectTokenType, resource, audience } = form
    if (subjectToken === undefined) throw missing('subject_token')
    if (subjectTokenType === undefined) throw missing('subject_token_type')
    if (form.actor_token !== undefined) {
      throw new InvalidRequestError({ description: 'actor_token is not taken: the client itself is who acts.' })
    }
    return exchangeToken(deps, {
      client: clientOf(ctx),
      subjectToken,
      subjectTokenType,
      requestedTokenType: form.requested_token_type,
      scope: form.scope,
      // Audiences are named by their URIs here, so both parameters say the same (RFC 8693 §2.1).
      resource: resource || audience ? [...(resource ?? []), ...(audience ?? [])] : undefined,
      dpopKey: ctx.state.dpopKey
    })
  }
}

const requireKnownGrant: Middleware = async function requireKnownGrant(ctx, next) {
  const { grant_type: grantType } = ctx.state.form as TokenForm
  if (!clientGrantTypes.some((known) => known === grantType)) throw new UnsupportedGrantTypeError()
  await next()
}

function countTokenRequests({ metrics }: TokenDeps): Middleware {
  return async function countTokenRequests(ctx, next) {
    ctx.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
    const grantOf = () => {
      const grantType = (ctx.state.form as TokenForm | undefined)?.grant_type
      return clientGrantTypes.find((known) => known === grantType) ?? 'other'
    }
    try {
      await next()
      metrics.countTokenRequest(grantOf(), 'issued')
    } catch (error) {
      metrics.countTokenRequest(grantOf(), error instanceof OAuthError ? error.code : 'server_error')
      throw error
    }
  }
}

function clientOf(ctx: Context): ConfirmedClient {
  return ctx.state.client
}

function missing(parameter: string): InvalidRequestError {
  return new InvalidRequestError({ description: `The parameter ${parameter} is missing.` })
}
