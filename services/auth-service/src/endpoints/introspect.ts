import { InvalidClientError } from '@countersign/oauth'
import { requireForm } from '@countersign/service-kit'
import type { Context, Middleware, Next } from 'koa'
import type { ClientAuthenticationDeps } from '../clients/client-authentication.ts'
import type { ConfirmedClient } from '../clients/client-store.ts'
import type { RefreshTokenFamilies } from '../sessions/refresh-token-families.ts'
import type { RefreshTokenCodec, RefreshTokenContent } from '../sessions/refresh-tokens.ts'
import { audienceOf, type OwnAccessTokens } from '../tokens/own-access-tokens.ts'
import { type TokenActionForm, tokenActionForm } from './oauth-forms.ts'
import { requireClient } from './require-client.ts'

export interface IntrospectDeps {
  issuer: string
  clientAuthentication: ClientAuthenticationDeps
  refreshTokens: RefreshTokenCodec
  families: RefreshTokenFamilies
  ownTokens: OwnAccessTokens
}

/**
 * `POST /oauth/introspect` (RFC 7662): what a token says, if it is good now. A client learns of tokens that were issued to it,
 * or are for what it is; anything else is `{"active": false}` and no more (§2.2).
 */
export function introspect(deps: IntrospectDeps): Middleware[] {
  return [
    requireForm(tokenActionForm),
    requireClient(deps.clientAuthentication),
    refusePublicClients,
    async function answerIntrospection(ctx) {
      const { token } = ctx.state.form as TokenActionForm
      const content = deps.refreshTokens.decode(token)
      const client = ctx.state.client as ConfirmedClient
      const facts = content
        ? await describeRefreshToken(deps, content, client)
        : await describeAccessToken(deps, token, client)
      ctx.set('Cache-Control', 'no-store')
      ctx.body = facts ? { active: true, ...facts } : { active: false }
    }
  ]
}

/** RFC 7662 §2.1: the endpoint must not be a place to try out tokens. */
async function refusePublicClients(ctx: Context, next: Next): Promise<void> {
  const { authMethod } = ctx.state.client as ConfirmedClient
  if (authMethod === 'none') throw new InvalidClientError({ detail: 'the client does not authenticate itself' })
  await next()
}

async function describeRefreshToken(
  { families, issuer }: IntrospectDeps,
  content: RefreshTokenContent,
  { id: clientId }: ConfirmedClient
) {
  const token = await families.describe({ ...content, clientId })
  return (
    token && {
      iss: issuer,
      sub: token.userId,
      username: token.username,
      client_id: clientId,
      scope: token.scope,
      iat: token.issuedAt,
      exp: token.expiresAt,
      sid: content.familyId,
      ...(token.jkt === null ? {} : { cnf: { jkt: token.jkt } })
    }
  )
}

async function describeAccessToken({ ownTokens }: IntrospectDeps, token: string, client: ConfirmedClient) {
  const claims = await ownTokens.read(token)
  if (!claims) return undefined
  const isForClient = audienceOf(claims).some((one) => client.resources.includes(one))
  if (claims.client_id !== client.id && !isForClient) return undefined
  const { preferred_username: username, ...others } = claims
  return { ...others, ...(username && { username }), token_type: claims.cnf ? 'DPoP' : 'Bearer' }
}
