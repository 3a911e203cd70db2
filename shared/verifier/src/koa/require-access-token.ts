import type { Context, Middleware } from 'koa'
import type { VerifiedAccessToken } from '../access-token-claims.ts'
import type { AccessTokenVerifier } from '../access-token-verifier.ts'
import { setGuard } from '../guarded-request.ts'
import { createRequestGuard, isPending, type RequestGuardOptions } from '../request-guard.ts'
import { koaReader, refuse } from './koa-guard.ts'

/** What `requireAccessToken` leaves in `ctx.state`. */
export interface AccessTokenState {
  /** The verified claims, deeply frozen. */
  accessToken: VerifiedAccessToken
}

/** How requests are let in. `publicUrl` stands in for `ctx.origin`. */
export type RequireAccessTokenOptions = RequestGuardOptions<Context>

/**
 * Lets a request pass only with a good access token, whose claims it puts into `ctx.state.accessToken`. Everything else
 * it answers itself: 400, 401 or 503 (RFC 6750 §3, RFC 9449 §7.1), with a JSON body. What the rest of the app throws is
 * left alone.
 *
 * @example
 * ```ts
 * app.use(requireAccessToken(verifier))
 * app.use((ctx) => {
 *   ctx.body = { id: ctx.state.accessToken.sub }
 * })
 * ```
 */
export function requireAccessToken(
  verifier: AccessTokenVerifier,
  options: RequireAccessTokenOptions = {}
): Middleware<AccessTokenState> {
  const guard = createRequestGuard(verifier, koaReader, options)

  return (ctx, next) => {
    setGuard<Context>(ctx, guard)
    let admitted: VerifiedAccessToken | Promise<VerifiedAccessToken>
    try {
      admitted = guard.admit(ctx)
    } catch (error) {
      return refuse(ctx, error)
    }
    if (!isPending(admitted)) {
      ctx.state.accessToken = admitted
      return next()
    }
    return admitted.then(
      (claims) => {
        ctx.state.accessToken = claims
        return next()
      },
      (error) => refuse(ctx, error)
    )
  }
}
