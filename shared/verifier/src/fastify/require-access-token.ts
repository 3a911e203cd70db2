import type { VerifiedAccessToken } from '../access-token-claims.ts'
import type { AccessTokenVerifier } from '../access-token-verifier.ts'
import type { AdmittedRequest } from '../admitted-request.ts'
import { setGuard } from '../guarded-request.ts'
import { createRequestGuard, isPending, type RequestGuardOptions } from '../request-guard.ts'
import { type AccessTokenHook, type AnyRequest, fastifyReader, refuse } from './fastify-guard.ts'

declare module 'fastify' {
  interface FastifyRequest extends AdmittedRequest {}
}

/** How requests are let in. `publicUrl` stands in for the request's protocol and host. */
export type RequireAccessTokenOptions = RequestGuardOptions<AnyRequest>

/**
 * A hook that lets a request pass only with a good access token, whose claims it leaves in `request.accessToken`.
 * Everything else it answers itself: 400, 401 or 503 (RFC 6750 §3, RFC 9449 §7.1), with a JSON body. What the rest of the
 * app throws is left alone. As a hook of a scope it protects the routes of that scope and of those within, as a hook of a
 * route that route.
 *
 * @example
 * ```ts
 * app.register(async (api) => {
 *   api.addHook('onRequest', requireAccessToken(verifier))
 *   api.get('/me', (request) => ({ id: accessTokenOf(request).sub }))
 * })
 * app.get('/one', { onRequest: requireAccessToken(verifier) }, one)
 * ```
 */
export function requireAccessToken(
  verifier: AccessTokenVerifier,
  options: RequireAccessTokenOptions = {}
): AccessTokenHook {
  const guard = createRequestGuard(verifier, fastifyReader, options)

  return (request, reply, done) => {
    setGuard(request, guard)
    const pass = (claims: VerifiedAccessToken) => {
      request.accessToken = claims
      done()
    }
    let admitted: VerifiedAccessToken | Promise<VerifiedAccessToken>
    try {
      admitted = guard.admit(request)
    } catch (error) {
      return refuse(request, reply, done, error)
    }
    if (!isPending(admitted)) return pass(admitted)
    admitted.then(pass, (error) => refuse(request, reply, done, error))
  }
}
