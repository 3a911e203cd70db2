/**
 * Protects scopes and routes of a Fastify 5 app with access tokens. Imports nothing of Fastify but its types.
 *
 * @module fastify
 */
import type { FastifyReply, FastifyRequest, RawServerBase, RouteGenericInterface } from 'fastify'
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

declare module 'fastify' {
  interface FastifyRequest extends AdmittedRequest {}
}

/** A request of any kind of server: HTTP, HTTPS or HTTP/2. */
export type AnyRequest = FastifyRequest<RouteGenericInterface, RawServerBase>
/** Its reply. */
export type AnyReply = FastifyReply<RouteGenericInterface, RawServerBase>
/** What tells Fastify that a hook is done. */
export type HookDone = (error?: Error) => void

/** A hook that fits `onRequest`, and the later `preValidation` and `preHandler`, of a scope and of a route. */
export type AccessTokenHook = (request: AnyRequest, reply: AnyReply, done: HookDone) => void

/** How requests are let in. `publicUrl` replaces the request's protocol and host. */
export type RequireAccessTokenOptions = RequestGuardOptions<AnyRequest>

/**
 * A hook that lets a request pass only with a valid access token, whose claims it leaves in `request.accessToken`.
 * It rejects every other request itself: 400, 401 or 503 (RFC 6750 §3, RFC 9449 §7.1), with a JSON body. Errors of the app
 * behind it are left alone. As a hook of a scope it protects the routes of that scope and of those within, as a hook of a
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
  const guard = createRequestGuard(verifier, reader, options)

  return (request, reply, done) => {
    letIn(
      guard,
      request,
      (claims) => {
        request.accessToken = claims
        done()
      },
      (error) => refuse(request, reply, done, error)
    )
  }
}

/**
 * A hook that lets a request pass only when its token was granted every one of these scopes; else 403
 * `insufficient_scope`. Belongs behind `requireAccessToken`; without it, the route fails with a `TypeError`.
 *
 * @example
 * ```ts
 * api.get('/reports', { onRequest: requireScope('reports:read') }, reports)
 * ```
 */
export function requireScope(...scopes: [string, ...string[]]): AccessTokenHook {
  return requireGrant(scopeCheck(scopes))
}

/**
 * A hook that lets a request pass only when its token has this role; else 403 `insufficient_scope`. Several roles that are
 * all needed are several of these. Belongs behind `requireAccessToken`; without it, the route fails with a `TypeError`.
 */
export function requireRole(role: string): AccessTokenHook {
  return requireGrant(roleCheck(role))
}

/**
 * A hook that lets a request pass only when its user signed in recently enough, and showed enough; else 401
 * `insufficient_user_authentication` (RFC 9470 §3), after which the client has the user sign in again. Belongs behind
 * `requireAccessToken`; without it, the route fails with a `TypeError`.
 *
 * @example
 * ```ts
 * api.post('/payments', { onRequest: requireAuthentication({ maxAgeSeconds: 300 }) }, pay)
 * ```
 */
export function requireAuthentication(requirement: AuthenticationRequirement): AccessTokenHook {
  return requireGrant(authenticationCheck(requirement))
}

/**
 * A handler that serves `GET /.well-known/oauth-protected-resource` (RFC 9728 §3). Its route belongs outside the scopes
 * that need a token. A mistake in the options is a `TypeError`.
 */
export function protectedResourceMetadata(
  options: ProtectedResourceOptions
): (request: AnyRequest, reply: AnyReply) => void {
  const { headers, body } = protectedResourceResponse(options)
  return (_, reply) => void reply.headers({ ...headers }).send(body)
}

/** Reads the request as it was received. */
const reader: RequestReader<AnyRequest> = {
  authorization: ({ raw }) => headerValues(raw, 'authorization'),
  dpop: ({ raw }) => headerValues(raw, 'dpop'),
  queryString: ({ originalUrl }) => queryOf(originalUrl),
  // There is one only in hooks behind the parsing of the body.
  form({ body, headers }) {
    const type = body ? headers['content-type'] : undefined
    return /^(?:application\/x-www-form-urlencoded|multipart\/)/i.test(type ?? '') ? body : undefined
  },
  method: ({ method }) => method,
  url: ({ protocol, host, originalUrl }) =>
    /^https?:\/\//i.test(originalUrl) ? originalUrl : `${protocol}://${host}${originalUrl}`,
  path: ({ originalUrl }) => pathOf(originalUrl)
}

function requireGrant(check: GrantCheck): AccessTokenHook {
  return (request, reply, done) => {
    const refusal = check(request.accessToken)
    if (refusal) refuse(request, reply, done, refusal)
    else done()
  }
}

/** Writes the response to a rejected request; any other error goes to the app's error handler. */
function refuse(request: AnyRequest, reply: AnyReply, done: HookDone, error: unknown): void {
  let refusal: HttpResponse
  try {
    refusal = refusalOf(request, error)
  } catch (fault) {
    done(fault as Error)
    return
  }
  // As text, since a schema of the route for this status must not change it.
  void reply
    .code(refusal.status)
    .headers({ ...refusal.headers, 'Content-Type': jsonMediaType })
    .send(JSON.stringify(refusal.body))
}
