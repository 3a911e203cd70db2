/**
 * Protects routes of a Hono 4 app with access tokens, on Node, Bun or Deno. Imports nothing of Hono but its types.
 *
 * @module hono
 */
import type { Context, MiddlewareHandler } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { AuthenticationRequirement } from '../errors.ts'
import type { VerifiedAccessToken } from '../token/claims.ts'
import type { AccessTokenVerifier } from '../token/verifier.ts'
import { authenticationCheck, type GrantCheck, roleCheck, scopeCheck } from './grant-checks.ts'
import { letIn, refusalOf } from './guarded-request.ts'
import { queryOf } from './presented-token.ts'
import { type ProtectedResourceOptions, protectedResourceResponse } from './protected-resource-metadata.ts'
import { createRequestGuard, type RequestGuardOptions, type RequestReader } from './request-guard.ts'
import { jsonMediaType } from './responses.ts'

/** What `requireAccessToken` leaves in the context: `c.get('accessToken')`. */
export interface AccessTokenVariables {
  /** The verified claims, deeply frozen. */
  accessToken: VerifiedAccessToken
}

/** An environment in which the claims are there. */
export interface AccessTokenEnv {
  /** What `c.get` and `c.var` know. */
  Variables: AccessTokenVariables
}

/** How requests are let in. Name `publicUrl` behind a proxy: Hono goes by the `Host` header alone. */
export type RequireAccessTokenOptions = RequestGuardOptions<Context>

/**
 * Lets a request pass only with a valid access token, whose claims it leaves in `c.get('accessToken')`. It rejects
 * every other request itself: 400, 401 or 503 (RFC 6750 §3, RFC 9449 §7.1), with a JSON body. Errors of the app behind it are
 * left alone. It does not look for a token in a form: the handler reads the body later.
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
  const guard = createRequestGuard(verifier, reader, options)

  return async (c, next) =>
    letIn<Context, Promise<void> | Response>(
      guard,
      c,
      async (claims) => {
        c.set('accessToken', claims)
        await next()
      },
      (error) => refuse(c, error)
    )
}

/**
 * Lets a request pass only when its token was granted every one of these scopes; else 403 `insufficient_scope`.
 * Belongs behind `requireAccessToken`; without it, it throws a `TypeError`.
 */
export function requireScope(...scopes: [string, ...string[]]): MiddlewareHandler<AccessTokenEnv> {
  return requireGrant(scopeCheck(scopes))
}

/**
 * Lets a request pass only when its token has this role; else 403 `insufficient_scope`. Several roles that are all
 * needed are several of these. Belongs behind `requireAccessToken`; without it, it throws a `TypeError`.
 */
export function requireRole(role: string): MiddlewareHandler<AccessTokenEnv> {
  return requireGrant(roleCheck(role))
}

/**
 * Lets a request pass only when its user signed in recently enough, and showed enough; else 401
 * `insufficient_user_authentication` (RFC 9470 §3), after which the client has the user sign in again. Belongs behind
 * `requireAccessToken`; without it, it throws a `TypeError`.
 *
 * @example
 * ```ts
 * app.post('/payments', requireAuthentication({ maxAgeSeconds: 300 }), pay)
 * ```
 */
export function requireAuthentication(requirement: AuthenticationRequirement): MiddlewareHandler<AccessTokenEnv> {
  return requireGrant(authenticationCheck(requirement))
}

/** Serves `GET /.well-known/oauth-protected-resource` (RFC 9728 §3). A mistake in the options is a `TypeError`. */
export function protectedResourceMetadata(options: ProtectedResourceOptions): (c: Context) => Response {
  const { headers, body } = protectedResourceResponse(options)
  return (c) => c.newResponse(body, 200, { ...headers })
}

/**
 * Reads the Fetch request, the same on every runtime. Not the raw request of a Node server, which an app that passes a request
 * of its own on to `app.fetch` hands on along with the rest of the environment.
 */
const reader: RequestReader<Context> = {
  // Several headers arrive joined. A comma before a scheme of ours can be nothing else: no token has one.
  authorization: (c) => c.req.raw.headers.get('authorization')?.split(/, *(?=(?:bearer|dpop)(?:[ ,]|$))/i) ?? [],
  dpop: (c) => c.req.raw.headers.get('dpop')?.split(/, */) ?? [],
  queryString: (c) => queryOf(c.req.url),
  // The body is read by the handler, behind this.
  form: () => undefined,
  method: (c) => c.req.method,
  url: (c) => c.req.url,
  path: (c) => new URL(c.req.url).pathname
}

function requireGrant(check: GrantCheck): MiddlewareHandler<AccessTokenEnv> {
  return async (c, next) => {
    const refusal = check(c.get('accessToken'))
    if (refusal) return refuse(c, refusal)
    await next()
  }
}

/** The response to a rejected request. @throws any other error, for the app's `onError` */
function refuse(c: Context, error: unknown): Response {
  const { status, headers, body } = refusalOf(c, error)
  return c.newResponse(JSON.stringify(body), status as ContentfulStatusCode, {
    ...headers,
    'Content-Type': jsonMediaType
  })
}
