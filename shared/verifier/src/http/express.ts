/**
 * Protects routes of an Express app (4.16 or newer, or 5) with access tokens. Imports nothing of Express but its types.
 *
 * @module express
 */
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { AuthenticationRequirement } from '../errors.ts'
import type { AccessTokenVerifier } from '../token/verifier.ts'
import type { AdmittedRequest } from './admitted-request.ts'
import { authenticationCheck, type GrantCheck, roleCheck, scopeCheck } from './grant-checks.ts'
import { letIn, refusalOf } from './guarded-request.ts'
import { headerValues, pathOf, queryOf } from './presented-token.ts'
import { type ProtectedResourceOptions, protectedResourceResponse } from './protected-resource-metadata.ts'
import { createRequestGuard, type RequestGuardOptions, type RequestReader } from './request-guard.ts'
import { type HttpResponse, jsonMediaType } from './responses.ts'

export { type AdmittedRequest, accessTokenOf } from './admitted-request.ts'

declare global {
  namespace Express {
    interface Request extends AdmittedRequest {}
  }
}

/** Middleware that has nothing to say about the parameters of a route, so that Express' own types for them stay. */
export type AccessTokenMiddleware = <P, ResBody, ReqBody, ReqQuery, Locals extends Record<string, unknown>>(
  request: Request<P, ResBody, ReqBody, ReqQuery, Locals>,
  response: Response<ResBody, Locals>,
  next: NextFunction
) => void

/** How requests are let in. `publicUrl` replaces the request's protocol and host. */
export type RequireAccessTokenOptions = RequestGuardOptions<Request>

/**
 * Lets a request pass only with a valid access token, whose claims it leaves in `request.accessToken`. It rejects
 * every other request itself: 400, 401 or 503 (RFC 6750 §3, RFC 9449 §7.1), with a JSON body. Errors of the app behind it are
 * left alone.
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
  const guard = createRequestGuard(verifier, reader, options)

  const middleware: RequestHandler = (request, response, next) => {
    letIn(
      guard,
      request,
      (claims) => {
        request.accessToken = claims
        next()
      },
      (error) => refuse(request, response, next, error)
    )
  }
  return middleware as AccessTokenMiddleware
}

/**
 * Lets a request pass only when its token was granted every one of these scopes; else 403 `insufficient_scope`.
 * Belongs behind `requireAccessToken`; without it, it throws a `TypeError`.
 */
export function requireScope(...scopes: [string, ...string[]]): AccessTokenMiddleware {
  return requireGrant(scopeCheck(scopes))
}

/**
 * Lets a request pass only when its token has this role; else 403 `insufficient_scope`. Several roles that are all
 * needed are several of these. Belongs behind `requireAccessToken`; without it, it throws a `TypeError`.
 */
export function requireRole(role: string): AccessTokenMiddleware {
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
export function requireAuthentication(requirement: AuthenticationRequirement): AccessTokenMiddleware {
  return requireGrant(authenticationCheck(requirement))
}

/** Serves `GET /.well-known/oauth-protected-resource` (RFC 9728 §3). A mistake in the options is a `TypeError`. */
export function protectedResourceMetadata(options: ProtectedResourceOptions): RequestHandler {
  const { headers, body } = protectedResourceResponse(options)
  return (_, response) => {
    response.statusCode = 200
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.end(body)
  }
}

/** Reads what Express 4 and 5 have in common, of the request as it was received. */
const reader: RequestReader<Request> = {
  authorization: (request) => headerValues(request, 'authorization'),
  dpop: (request) => headerValues(request, 'dpop'),
  queryString: (request) => queryOf(request.originalUrl),
  form: (request) =>
    request.body !== undefined && request.is(['urlencoded', 'multipart']) ? (request.body as unknown) : undefined,
  method: (request) => request.method,
  url: (request) =>
    /^https?:\/\//i.test(request.originalUrl)
      ? request.originalUrl
      : `${request.protocol}://${hostOf(request)}${request.originalUrl}`,
  // Not `request.url`, of which a mounted router sees only its part.
  path: (request) => pathOf(request.originalUrl)
}

/** What Express makes of an address. */
type TrustsProxy = (address: string | undefined, hop: number) => boolean

/** Host and port. `request.host` has no port in Express 4; `X-Forwarded-Host` counts where the app trusts its proxy. */
function hostOf(request: Request): string | undefined {
  const isTrusted = request.app?.get('trust proxy fn') as TrustsProxy | undefined
  const forwarded = request.get('X-Forwarded-Host')
  if (!forwarded || !isTrusted?.(request.socket?.remoteAddress, 0)) return request.get('Host')
  return forwarded.split(',', 1)[0]?.trim()
}

function requireGrant(check: GrantCheck): AccessTokenMiddleware {
  const middleware: RequestHandler = (request, response, next) => {
    const refusal = check(request.accessToken)
    if (refusal) refuse(request, response, next, refusal)
    else next()
  }
  return middleware as AccessTokenMiddleware
}

/** Writes the response to a rejected request; any other error goes to the app's error handler. */
function refuse(request: Request, response: Response, next: NextFunction, error: unknown): void {
  let refusal: HttpResponse
  try {
    refusal = refusalOf(request, error)
  } catch (fault) {
    next(fault)
    return
  }
  response.statusCode = refusal.status
  for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value)
  response.setHeader('Content-Type', jsonMediaType)
  // Not `response.json`, which adds an ETag and the app's spaces.
  response.end(JSON.stringify(refusal.body))
}
