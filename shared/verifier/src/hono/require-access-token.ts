import type { Context, MiddlewareHandler } from 'hono'
import type { VerifiedAccessToken } from '../access-token-claims.ts'
import type { AccessTokenVerifier } from '../access-token-verifier.ts'
import { setGuard } from '../guarded-request.ts'
import { createRequestGuard, type RequestGuardOptions } from '../request-guard.ts'
import { type AccessTokenEnv, honoReader, refuse } from './hono-guard.ts'

/** How requests are let in. Name `publicUrl` behind a proxy: Hono goes by the `Host` header alone. */
export type RequireAccessTokenOptions = RequestGuardOptions<Context>

/**
 * Lets a request pass only with a good access token, whose claims it leaves in `c.get('accessToken')`. Everything else it
 * answers itself: 400, 401 or 503 (RFC 6750 §3, RFC 9449 §7.1), with a JSON body. What the rest of the app throws is left
 * alone. A token in a form is not looked for: the body is read behind this.
 *
 * @example
 * ```ts
 * app.use('/api/*', requireAccessToken(verifier))
 * app.get('/api/me', (c) => c.json({ id: c.get('accessToken').sub }))
 * ```
 */
export function requireAccessToken(
  verifier: AccessTokenVerifier,
  options: RequireAccessTokenOptions = {}
): MiddlewareHandler<AccessTokenEnv> {
  const guard = createRequestGuard(verifier, honoReader, options)

  return async (c, next) => {
    setGuard<Context>(c, guard)
    let claims: VerifiedAccessToken
    try {
      claims = await guard.admit(c)
    } catch (error) {
      return refuse(c, error)
    }
    c.set('accessToken', claims)
    await next()
  }
}
