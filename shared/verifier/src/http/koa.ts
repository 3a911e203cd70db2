/**
 * Protects routes of a Koa app (2.16 or newer, or 3) with access tokens. Imports nothing of Koa but its types.
 *
 * @module koa
 */
import type { Context, Middleware } from 'koa'
import type { AuthenticationRequirement } from '../errors.ts'
import type { VerifiedAccessToken } from '../token/claims.ts'
import type { AccessTokenVerifier } from '../token/verifier.ts'
import { authenticationCheck, type GrantCheck, roleCheck, scopeCheck } from './grant-checks.ts'
import { letIn, refusalOf } from './guarded-request.ts'
import { headerValues, pathOf, queryOf } from './presented-token.ts'
import { type ProtectedResourceOptions, protectedResourceResponse } from './protected-resource-metadata.ts'
import { createRequestGuard, type RequestGuardOptions, type RequestReader } from './request-guard.ts'

/** What `requireAccessToken` leaves in `ctx.state`. */
export interface AccessTokenState {
  /** The verified claims, deeply frozen. */
  accessToken: VerifiedAccessToken
}

/** How requests are let in. `publicUrl` replaces `ctx.origin`. */
export type RequireAccessTokenOptions = RequestGuardOptions<Context>

/**
 * Lets a request pass only with a valid access token, whose claims it puts into `ctx.state.accessToken`. It rejects
 * every other request itself: 400, 401 or 503 (RFC 6750 §3, RFC 9449 §7.1), with a JSON body. Errors of the app behind it are
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
  const guard = createRequestGuard(verifier, reader, options)

  return (ctx, next) =>
    letIn<Context, unknown>(
      guard,
      ctx,
      (claims) => {
        ctx.state.accessToken = claims
        return next()
      },
      (error) => refuse(ctx, error)
    )
}

/**
 * Lets a request pass only when its token was granted every one of these scopes; else 403 `insufficient_scope`.
 * Belongs behind `requireAccessToken`; without it, it throws a `TypeError`.
 */
export function requireScope(...scopes: [string, ...string[]]): Middleware<AccessTokenState> {
  return requireGrant(scopeCheck(scopes))
}

/**
 * Lets a request pass only when its token has this role; else 403 `insufficient_scope`. Several roles that are all
 * needed are several of these. Belongs behind `requireAccessToken`; without it, it throws a `TypeError`.
 */
export function requireRole(role: string): Middleware<AccessTokenState> {
  return requireGrant(roleCheck(role))
}

/**
 * Lets a request pass only when its user signed in recently enough, and showed enough; else 401
 * `insufficient_user_authentication` (RFC 9470 §3), after which the client has the user sign in again. Belongs behind
 * `requireAccessToken`; without it, it throws a `TypeError`.
 *
 * @example
 * ```ts
 * router.post('/payments', requireAuthentication({ maxAgeSeconds: 300 }), pay)
 * ```
 */
export function requireAuthentication(requirement: AuthenticationRequirement): Middleware<AccessTokenState> {
  return requireGrant(authenticationCheck(requirement))
}

/** Serves `GET /.well-known/oauth-protected-resource` (RFC 9728 §3). A mistake in the options is a `TypeError`. */
export function protectedResourceMetadata(options: ProtectedResourceOptions): Middleware {
  const { headers, body } = protectedResourceResponse(options)
  return (ctx) => {
    ctx.status = 200
    ctx.set({ ...headers })
    ctx.body = body
  }
}

/** Reads the raw request: Koa's own headers are parsed for every request only where they are asked for. */
const reader: RequestReader<Context> = {
  authorization: (ctx) => headerValues(ctx.req, 'authorization'),
  dpop: (ctx) => headerValues(ctx.req, 'dpop'),
  queryString: (ctx) => queryOf(ctx.req.url),
  form(ctx) {
    const { body } = ctx.request as { body?: unknown }
    return body !== undefined && ctx.is('urlencoded', 'multipart') ? body : undefined
  },
  method: (ctx) => ctx.method,
  url: (ctx) => ctx.href,
  // Not `ctx.path`, of which a mounted app sees only its part.
  path: (ctx) => pathOf(ctx.originalUrl)
}

function requireGrant(check: GrantCheck): Middleware<AccessTokenState> {
  return (ctx, next) => {
    const refusal = check((ctx.state as Partial<AccessTokenState>).accessToken)
    return refusal ? refuse(ctx, refusal) : next()
  }
}

/** Writes the response to a rejected request, so that the app needs no error handler. @throws any other error */
function refuse(ctx: Context, error: unknown): void {
  const { status, headers, body } = refusalOf(ctx, error)
  ctx.status = status
  ctx.set({ ...headers })
  ctx.body = body
}
