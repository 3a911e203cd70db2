import * as bodies from './bodies.ts'
import { type IntrospectDeps, introspect } from './introspect.ts'
import { issuerMetadata, jwks, type MetadataDeps } from './metadata.ts'
import { tokenActionForm, tokenForm } from './oauth-forms.ts'
import { type RevokeDeps, revoke } from './revoke.ts'
import type { Route } from './route.ts'
import { type TokenDeps, token } from './token.ts'

export interface OAuthRouteDeps extends TokenDeps, RevokeDeps, IntrospectDeps, MetadataDeps {}

/** What standard clients and verifiers use. */
export function oauthRoutes(deps: OAuthRouteDeps): Route[] {
  return [
    {
      method: 'post',
      path: '/oauth/token',
      summary: 'Get a token: by client credentials, a refresh token, or token exchange (RFC 6749, RFC 8693)',
      handlers: token(deps),
      form: tokenForm,
      answer: { status: 200, schema: bodies.accessTokenResponse },
      errors: [400, 401, 413, 415, 503]
    },
    {
      method: 'post',
      path: '/oauth/revoke',
      summary: 'End a token that was issued to the client (RFC 7009)',
      handlers: revoke(deps),
      form: tokenActionForm,
      answer: { status: 200 },
      errors: [400, 401, 413, 415, 503]
    },
    {
      method: 'post',
      path: '/oauth/introspect',
      summary: 'Learn what a token says, if it is good (RFC 7662)',
      handlers: introspect(deps),
      form: tokenActionForm,
      answer: { status: 200, schema: bodies.introspection },
      errors: [400, 401, 413, 415, 503]
    },
    {
      method: 'get',
      path: '/.well-known/jwks.json',
      summary: 'The public signing keys (RFC 7517)',
      handlers: jwks(deps),
      answer: { status: 200, schema: bodies.jwksDocument },
      errors: []
    },
    {
      method: 'get',
      // Between host and path of the issuer (RFC 8414 §3.1).
      path: `/.well-known/oauth-authorization-server${new URL(deps.issuer).pathname.replace(/\/$/, '')}`,
      summary: "The issuer's metadata (RFC 8414)",
      handlers: issuerMetadata(deps),
      answer: { status: 200, schema: bodies.issuerMetadata },
      errors: []
    },
    {
      method: 'get',
      path: '/.well-known/openid-configuration',
      summary: "The issuer's metadata, where OpenID Connect clients look for it",
      handlers: issuerMetadata(deps),
      answer: { status: 200, schema: bodies.issuerMetadata },
      errors: []
    }
  ]
}
