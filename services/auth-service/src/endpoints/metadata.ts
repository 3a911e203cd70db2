import { signingAlgorithm } from '@countersign/oauth'
import type { Middleware } from 'koa'
import { staleSeconds } from '../keys/key-policy.ts'
import type { KeyRing } from '../keys/key-ring.ts'

/** Seconds for which the metadata may be kept without asking. */
const metadataMaxAgeSeconds = 300

export interface JwksDeps {
  keyRing: Pick<KeyRing, 'published'>
  /** Seconds for which a verifier may keep the key set without asking. */
  jwksMaxAgeSeconds: number
}

/** `GET /.well-known/jwks.json` (RFC 7517): the public keys, cacheable, with an entity tag. */
export function jwks({ keyRing, jwksMaxAgeSeconds }: JwksDeps): Middleware[] {
  const cacheControl = `public, max-age=${jwksMaxAgeSeconds}, stale-while-revalidate=${staleSeconds(jwksMaxAgeSeconds)}`
  return [
    async function answerKeySet(ctx) {
      const { body, etag } = await keyRing.published()
      ctx.status = 200
      ctx.set('Cache-Control', cacheControl)
      ctx.set('ETag', etag)
      if (ctx.fresh) {
        ctx.status = 304
        return
      }
      ctx.type = 'application/json'
      ctx.body = body
    }
  ]
}

/**
 * `GET /.well-known/oauth-authorization-server` (RFC 8414) and `/.well-known/openid-configuration`: what is built, and no
 * more. There is no authorization endpoint, and so no response type.
 */
export function issuerMetadata({ issuer }: { issuer: string }): Middleware[] {
  const document = {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: [],
    grant_types_supported: [],
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
