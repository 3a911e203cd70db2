import type { ConfirmedClient } from '../../clients/client-store.ts'
import { defineRoute } from '../../routing/route.ts'
import type { RefreshTokenCodec, RefreshTokenContent } from '../../sessions/refresh-tokens.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import { audienceOf, type OwnAccessTokens } from '../../tokens/own-access-tokens.ts'
import { introspection, tokenActionForm } from '../../wire/oauth.ts'

export interface IntrospectDeps {
  issuer: string
  refreshTokens: RefreshTokenCodec
  sessions: Pick<Sessions, 'describe'>
  ownTokens: OwnAccessTokens
}

/**
 * `POST /oauth/introspect` (RFC 7662): the claims of a valid token. A client may ask about tokens that were issued to it, or
 * whose audience it is; for any other token the response is only `{"active": false}` (§2.2).
 */
export const introspect = defineRoute(
  {
    method: 'post',
    path: '/oauth/introspect',
    summary: 'Get the claims of a token, if it is valid (RFC 7662)',
    access: 'confidential-client',
    body: tokenActionForm,
    bodyFormat: 'form',
    response: { status: 200, schema: introspection }
  },
  (deps: IntrospectDeps) =>
    async ({ body: { token }, client }) => {
      const content = deps.refreshTokens.decode(token)
      const facts = content
        ? await describeRefreshToken(deps, content, client)
        : await describeAccessToken(deps, token, client)
      return facts ? { active: true, ...facts } : { active: false }
    }
)

async function describeRefreshToken(
  { sessions, issuer }: IntrospectDeps,
  content: RefreshTokenContent,
  { id: clientId }: ConfirmedClient
) {
  const token = await sessions.describe({ ...content, clientId })
  return (
    token && {
      iss: issuer,
      sub: token.userId,
      ...(token.identityScopes.includes('profile') && { username: token.username }),
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
