import { endpointOf } from '@countersign/oauth'
import { respondNotModified } from '@countersign/service-kit'
import { authenticationLevels, dpopAlgorithms, signingAlgorithm } from '@countersign/verifier'
import type { Context } from 'koa'
import { prompts, responseModes } from '../../authorization/authorization-request.ts'
import { clientAuthMethods, clientGrantTypes } from '../../clients/client.ts'
import { assertionAlgorithms } from '../../clients/client-authentication.ts'
import { staleSeconds } from '../../keys/key-policy.ts'
import type { SigningKeys } from '../../keys/signing-keys.ts'
import { JsonText } from '../../routing/json-text.ts'
import { defineRoute } from '../../routing/route.ts'
import { identityScopes } from '../../tokens/identity-scopes.ts'
import { issuerMetadata, jwksDocument } from '../../wire/metadata.ts'

/** How long the metadata may be cached, in seconds. */
const metadataMaxAgeSeconds = 300

export interface KeySetDeps {
  signingKeys: Pick<SigningKeys, 'published'>
  /** How long a verifier may cache the key set, in seconds. */
  jwksMaxAgeSeconds: number
}

/** `GET /.well-known/jwks.json` (RFC 7517): the public keys, cacheable, with an entity tag. */
export const jwks = defineRoute(
  {
    method: 'get',
    path: '/.well-known/jwks.json',
    summary: 'The public signing keys (RFC 7517)',
    access: 'public',
    isCacheable: true,
    allowsOtherOrigins: true,
    response: { status: 200, schema: jwksDocument }
  },
  ({ signingKeys, jwksMaxAgeSeconds }: KeySetDeps) => {
    const cacheControl = `public, max-age=${jwksMaxAgeSeconds}, stale-while-revalidate=${staleSeconds(jwksMaxAgeSeconds)}`
    return async ({ ctx }) => {
      const { body, etag, isFresh } = await signingKeys.published()
      // A key set that may be stale must not be cached for long.
      ctx.set('Cache-Control', isFresh ? cacheControl : 'public, max-age=5')
      ctx.set('ETag', etag)
      respondNotModified(ctx)
      return new JsonText(body)
    }
  }
)

/** Client authentication methods; `none` is for public clients. */
const confidentialMethods = clientAuthMethods.filter((method) => method !== 'none')

/**
 * `GET /.well-known/oauth-authorization-server` (RFC 8414) and `/.well-known/openid-configuration` (OpenID Connect Discovery). Where it is
 * not known where the pages are, there is no authorization endpoint, and so no response type.
 */
export function issuerMetadataRoutes(issuer: string) {
  const respond = ({ pagesUrl }: { pagesUrl: string | undefined }) => {
    const document = metadataOf(issuer, pagesUrl !== undefined)
    return (request: { ctx: Context }) => {
      request.ctx.set('Cache-Control', `public, max-age=${metadataMaxAgeSeconds}`)
      return document
    }
  }
  const statement = {
    method: 'get',
    access: 'public',
    isCacheable: true,
    allowsOtherOrigins: true,
    response: { status: 200, schema: issuerMetadata }
  } as const
  // Between host and path of the issuer (RFC 8414 §3.1).
  const suffix = new URL(issuer).pathname.replace(/\/$/, '')
  return [
    defineRoute(
      {
        ...statement,
        path: `/.well-known/oauth-authorization-server${suffix}`,
        summary: "The issuer's metadata (RFC 8414)"
      },
      respond
    ),
    defineRoute(
      {
        ...statement,
        path: '/.well-known/openid-configuration',
        summary: "The issuer's metadata (OpenID Connect Discovery)"
      },
      respond
    )
  ] as const
}

function metadataOf(issuer: string, hasPages: boolean) {
  return {
    issuer,
    token_endpoint: endpointOf(issuer, '/oauth/token'),
    revocation_endpoint: endpointOf(issuer, '/oauth/revoke'),
    introspection_endpoint: endpointOf(issuer, '/oauth/introspect'),
    revocation_feed_endpoint: endpointOf(issuer, '/revocations/feed'),
    revocation_check_endpoint: endpointOf(issuer, '/revocations/check'),
    jwks_uri: endpointOf(issuer, '/.well-known/jwks.json'),
    grant_types_supported: clientGrantTypes.filter((type) => hasPages || type !== 'authorization_code'),
    ...(hasPages ? signInMetadata(issuer) : { response_types_supported: [] }),
    token_endpoint_auth_methods_supported: clientAuthMethods,
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    revocation_endpoint_auth_methods_supported: clientAuthMethods,
    revocation_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    introspection_endpoint_auth_methods_supported: confidentialMethods,
    introspection_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    dpop_signing_alg_values_supported: dpopAlgorithms,
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [signingAlgorithm]
  }
}

/** The metadata about sign-ins to clients. */
function signInMetadata(issuer: string) {
  return {
    authorization_endpoint: endpointOf(issuer, '/oauth/authorize'),
    pushed_authorization_request_endpoint: endpointOf(issuer, '/oauth/par'),
    userinfo_endpoint: endpointOf(issuer, '/oauth/userinfo'),
    end_session_endpoint: endpointOf(issuer, '/oauth/logout'),
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    response_types_supported: ['code'],
    response_modes_supported: responseModes,
    scopes_supported: identityScopes,
    code_challenge_methods_supported: ['S256'],
    prompt_values_supported: prompts,
    acr_values_supported: authenticationLevels,
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'acr',
      'amr',
      'sid',
      'name',
      'preferred_username',
      'email',
      'email_verified'
    ],
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false
  }
}
