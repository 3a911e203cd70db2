import type { Request, RequestHandler } from 'express'
import type { VerifiedAccessToken } from '../access-token-claims.ts'
import type { AccessTokenVerifier } from '../access-token-verifier.ts'
import type { AdmittedRequest } from '../admitted-request.ts'
import { setGuard } from '../guarded-request.ts'
import { createRequestGuard, isPending, type RequestGuardOptions } from '../request-guard.ts'
import { type AccessTokenMiddleware, expressReader, refuse } from './express-guard.ts'

declare global {
  namespace Express {
    interface Request extends AdmittedRequest {}
  }
}

/** How requests are let in. `publicUrl` stands in for the request's protocol and host. */
export type RequireAccessTokenOptions = RequestGuardOptions<Request>

/**
 * Lets a request pass only with a good access token, whose claims it leaves in `request.accessToken`. Everything else it
 * answers itself: 400, 401 or 503 (RFC 6750 §3, RFC 9449 §7.1), with a JSON body. What the rest of the app throws is left
 * alone.
 *
 * @example
 * ```ts
 * app.use(requireAccessToken(verifier))
 * app.get('/me', (request, response) => response.json({ id: accessTokenOf(request).sub }))
 * ```
 */
export function requireAccessToken(
  verifier: AccessTokenVerifier,
  options: RequireAccessTokenOptions = {}
): AccessTokenMiddleware {
  const guard = createRequestGuard(verifier, expressReader, options)

  const middleware: RequestHandler = (request, response, next) => {
    setGuard(request, guard)
    const pass = (claims: VerifiedAccessToken) => {
      request.accessToken = claims
      next()
    }
    let admitted: VerifiedAccessToken | Promise<VerifiedAccessToken>
    try {
      admitted = guard.admit(request)
    } catch (error) {
      return refuse(request, response, next, error)
    }
    if (!isPending(admitted)) return pass(admitted)
    admitted.then(pass, (error) => refuse(request, response, next, error))
  }
  return middleware as AccessTokenMiddleware
}
