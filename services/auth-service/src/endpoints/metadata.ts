import { endpointOf } from '@countersign/oauth'
import { answerNotModified } from '@countersign/service-kit'
import { dpopAlgorithms, signingAlgorithm } from '@countersign/verifier'
import type { Middleware } from 'koa'
import { clientAuthMethods, clientGrantTypes } from '../clients/client.ts'
import { assertionAlgorithms } from '../clients/client-authentication.ts'
import { staleSeconds } from '../keys/key-policy.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'

/** Seconds for which the metadata may be kept without asking. */
const metadataMaxAgeSeconds = 300

export interface MetadataDeps {
  issuer: string
  signingKeys: Pick<SigningKeys, 'published'>
  /** Seconds for which a verifier may keep the key set without asking. */
  jwksMaxAgeSeconds: number
}

/** `GET /.well-known/jwks.json` (RFC 7517): the public keys, cacheable, with an entity tag. */
export function jwks({ signingKeys, jwksMaxAgeSeconds }: MetadataDeps): Middleware[] {
  const cacheControl = `public, max-age=${jwksMaxAgeSeconds}, stale-while-revalidate=${staleSeconds(jwksMaxAgeSeconds)}`
  return [
    async function answerKeySet(ctx) {
      const { body, etag, isFresh } = await signingKeys.published()
      ctx.status = 200
      // What may be old is kept by nobody for long.
      ctx.set('Cache-Control', isFresh ? cacheControl : 'public, max-age=5')
      ctx.set('ETag', etag)
      if (answerNotModified(ctx)) return
      ctx.type = 'application/json'
      ctx.body = body
    }
  ]
}

/** Methods by which a client shows that it is itself; `none` is for public clients. */
const confidentialMethods = clientAuthMethods.filter((method) => method !== 'none')

/**
 * `GET /.well-known/oauth-authorization-server` (RFC 8414) and `/.well-known/openid-configuration`: what is built, and no
 * more. There is no authorization endpoint, and so no response type.
 */
export function issuerMetadata({ issuer }: MetadataDeps): Middleware[] {
  const document = {
    issuer,
    token_endpoint: endpointOf(issuer, '/oauth/token'),
    revocation_endpoint: endpointOf(issuer, '/oauth/revoke'),
    introspection_endpoint: endpointOf(issuer, '/oauth/introspect'),
    jwks_uri: endpointOf(issuer, '/.well-known/jwks.json'),
    grant_types_supported: clientGrantTypes,
    response_types_supported: [],
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
  return [
    async function answerIssuerMetadata(ctx) {
      ctx.set('Cache-Control', `public, max-age=${metadataMaxAgeSeconds}`)
      ctx.body = document
    }
  ]
}
