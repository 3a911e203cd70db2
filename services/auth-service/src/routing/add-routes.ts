import { NotFoundError, OAuthError } from '@countersign/oauth'
import {
  acceptJsonBody,
  requireForm,
  requireJsonBody,
  requireQuery,
  setJson,
  takeLines
} from '@countersign/service-kit'
import { requireAuthentication } from '@countersign/verifier/koa'
import type Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import compose from 'koa-compose'
import type { z } from 'zod'
import type { ClientInfo } from '../client-info.ts'
import type { PasswordHashing } from '../passwords/password-hashing.ts'
import type { SecondFactors } from '../sign-in/second-factors.ts'
import type { AccessRule } from './access-rules.ts'
import { BrowserResponse } from './browser-response.ts'
import { clientInfoOf } from './client-info.ts'
import { delayRejections } from './delay-rejections.ts'
import { EventStream } from './event-stream.ts'
import { JsonText } from './json-text.ts'
import { LineStream } from './line-stream.ts'
import { allowOtherOrigins, respondToPreflight } from './other-origins.ts'
import { requireRoom } from './require-room.ts'
import { type Access, type DepsOf, needsRecentSignIn, type Route } from './route.ts'
import { type ProofDeps, takeProof } from './take-proof.ts'

const bothFactors = 'urn:countersign:acr:2'

/** The dependencies of the checks of routes. */
export interface CheckDeps {
  accessRules: Record<Access, AccessRule>
  proofs: ProofDeps
  passwords: Pick<PasswordHashing, 'requireRoom'>
  /** How long ago a recent sign-in may be. */
  recentSignInSeconds: number
  factors: Pick<SecondFactors, 'has'>
}

/** Adds routes to a router, each with the checks that its definition requires. */
export function addRoutes<Routes extends readonly Route[]>(
  router: Router,
  routes: Routes,
  deps: DepsOf<Routes> & CheckDeps
): void {
  for (const route of routes) {
    const middleware = middlewareOf(route, deps as never)
    for (const path of pathsOf(route)) {
      router[route.method](path, ...middleware)
      if (route.allowsOtherOrigins) router.options(path, respondToPreflight(route.method))
    }
  }
}

/** The paths of a route: its own, and for one version its former one. */
export function pathsOf({ path, formerPath }: Pick<Route, 'path' | 'formerPath'>): string[] {
  return formerPath === undefined ? [path] : [path, formerPath]
}

/** The checks of a route in their order, then its handler. */
export function middlewareOf<Deps>(route: Route<Deps>, deps: Deps & CheckDeps): Middleware[] {
  const access = deps.accessRules[route.access]
  const hashesPasswords = route.limit === 'password-hashing'
  return [
    route.allowsOtherOrigins && allowOtherOrigins,
    route.observe && observeEnds(route.observe(deps)),
    route.isCacheable ? undefined : forbidStorage,
    access.needsBody || access.needsQuery ? undefined : access.check,
    needsRecentSignIn(route) ? requireRecentSignIn(deps) : undefined,
    route.needsSecondFactor && requireOwnFactor(deps),
    route.params && requireParams(route.params),
    hashesPasswords ? delayRejections() : undefined,
    hashesPasswords ? requireRoom(deps) : undefined,
    route.query && requireQuery(route.query),
    access.needsQuery ? access.check : undefined,
    route.body && readBody(route, route.body),
    access.needsBody ? access.check : undefined,
    route.takesProof && takeProof(deps.proofs),
    respond(route, deps)
  ].filter((one) => one !== undefined)
}

/** RFC 9470 §3. */
function requireRecentSignIn(deps: CheckDeps): Middleware {
  const requireRecent = requireAuthentication({ maxAgeSeconds: deps.recentSignInSeconds }) as Middleware
  return compose([requireRecent, requireOwnFactor(deps)])
}

/** A user with a second factor must have shown it: neither a trusted device nor an earlier session is enough. */
function requireOwnFactor({ factors }: CheckDeps): Middleware {
  const requireBothFactors = requireAuthentication({ acr: bothFactors }) as Middleware
  return async function requireOwnFactor(ctx, next) {
    const { acr, sub } = ctx.state.accessToken
    const lacksFactor = acr !== bothFactors && (await factors.has(sub))
    return lacksFactor ? requireBothFactors(ctx, next) : next()
  }
}

function observeEnds(observe: (body: unknown, code: string | undefined) => void): Middleware {
  return async function observeEnds(ctx, next) {
    try {
      await next()
      observe(ctx.state.body, undefined)
    } catch (error) {
      observe(ctx.state.body, error instanceof OAuthError ? error.code : 'server_error')
      throw error
    }
  }
}

/** Both headers, as RFC 6749 §5.1 requires for tokens. */
const forbidStorage: Middleware = function forbidStorage(ctx, next) {
  ctx.set('Cache-Control', 'no-store')
  ctx.set('Pragma', 'no-cache')
  return next()
}

function requireParams(schema: z.ZodObject): Middleware {
  return function requireParams(ctx, next) {
    const { data, error } = schema.safeParse(ctx.params)
    if (error) throw new NotFoundError({ description: error.issues[0]?.message ?? 'There is no such thing.' })
    ctx.params = data as Record<string, string>
    return next()
  }
}

function readBody({ bodyFormat }: Route, schema: z.ZodType): Middleware {
  if (bodyFormat === 'form') return requireForm(schema as z.ZodObject)
  if (bodyFormat === 'ndjson') return takeLines()
  return bodyFormat === 'optional-json' ? acceptJsonBody(schema) : requireJsonBody(schema)
}

function respond<Deps>({ bind, response }: Route<Deps>, deps: Deps): Middleware {
  const handle = bind(deps) as (request: object) => unknown
  return async function respond(ctx) {
    const body = await handle(new RouteRequest(ctx))
    // A handler that found the client's copy current has already responded with 304.
    if (ctx.status === 304) return
    if (body instanceof BrowserResponse) return body.respondTo(ctx)
    if (body instanceof EventStream || body instanceof LineStream) return body.respondTo(ctx)
    // Nothing has no type either: clients refuse one that they do not know.
    if (body === undefined || body === null) ctx.body = null
    else setJson(ctx, body instanceof JsonText ? body.text : JSON.stringify(body))
    ctx.status = response.status
  }
}

/** What a handler gets. A class, since an object with an accessor of its own is slow to make. */
class RouteRequest {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly accessToken: unknown
  readonly client: unknown
  readonly dpopKey: unknown
  readonly ctx: Context

  constructor(ctx: Context) {
    const { query, body, accessToken, client, dpopKey } = ctx.state
    this.params = ctx.params
    this.query = query
    this.body = body
    this.accessToken = accessToken
    this.client = client
    this.dpopKey = dpopKey
    this.ctx = ctx
  }

  get origin(): ClientInfo {
    return clientInfoOf(this.ctx)
  }
}
