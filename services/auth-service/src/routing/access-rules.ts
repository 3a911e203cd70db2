import { AccessDeniedError, InvalidClientError } from '@countersign/oauth'
import { isFromForwarder } from '@countersign/service-kit'
import { requireRole, requireScope } from '@countersign/verifier/koa'
import type { Context, Middleware } from 'koa'
import compose from 'koa-compose'
import { adminRole } from '../accounts/first-admin.ts'
import type { ClientAuthenticationDeps } from '../clients/client-authentication.ts'
import type { ConfirmedClient } from '../clients/client-store.ts'
import type { ForwardAuthQuery } from '../wire/forward-auth.ts'
import { requireClient } from './require-client.ts'
import { refuseApps, refuseClients, requireInPerson, requireUser } from './require-user.ts'
import type { Access } from './route.ts'
import { type ProofDeps, takeProof } from './take-proof.ts'

/** The scope that lets a service read the statistics with its own token. */
export const statisticsScope = 'statistics:read'

/** The scope that lets a service follow revocations with its own token. */
export const revocationsScope = 'revocations:read'

export interface AccessRuleDeps {
  issuer: string
  /** Sets `ctx.state.accessToken`, for the token of a user or of a client itself, or responds 401. */
  requireAccessToken: Middleware
  /** The same, for tokens that are for another audience than this service. */
  requireAccessTokenFor(audience: string): Middleware
  /** The same, for tokens of whatever audience. */
  requireAnyAccessToken: Middleware
  registration: 'open' | 'closed'
  revocationFeedAccess: 'token' | 'open'
  clientAuthentication: ClientAuthenticationDeps
  proofs: ProofDeps
}

/** How one kind of caller is checked. */
export interface AccessRule {
  readonly check: Middleware
  /** Whether the caller's credentials are in the body; otherwise the body of a rejected caller is never read. */
  readonly needsBody?: true
  /** Whether the query says what the token has to be valid for. It is checked before the token. */
  readonly needsQuery?: true
}

/** The check of each kind of access. */
export function createAccessRules(deps: AccessRuleDeps): Record<Access, AccessRule> {
  const user = compose([deps.requireAccessToken, requireUser])
  const userInPerson = compose([user, requireInPerson])
  const client = requireClient(deps.clientAuthentication, deps.issuer)
  return {
    public: { check: (_ctx, next) => next() },
    registrant: { check: requireOpenRegistration(deps) },
    user: { check: user },
    'user-in-person': { check: userInPerson },
    'refresh-token-or-user': { check: refreshTokenOr(userInPerson, takeProof(deps.proofs)), needsBody: true },
    admin: { check: compose([userInPerson, requireRole(adminRole)]) },
    'statistics-reader': { check: compose([deps.requireAccessToken, refuseApps, requireAdminOrStatisticsScope]) },
    'revocations-reader': { check: requireRevocationsReader(deps) },
    'identity-reader': { check: compose([deps.requireAnyAccessToken, refuseClients, requireInPerson]) },
    'forwarded-request': { check: requireForwardedToken(deps), needsQuery: true },
    client: { check: client, needsBody: true },
    'confidential-client': { check: compose([client, refusePublicClients]), needsBody: true }
  }
}

function requireOpenRegistration({ registration }: AccessRuleDeps): Middleware {
  return async function requireOpenRegistration(_ctx, next) {
    if (registration === 'closed') throw new AccessDeniedError({ description: 'Registration is closed here.' })
    await next()
  }
}

/** A refresh token is a credential in itself: the handler decodes it, and requires a proof of its key. */
function refreshTokenOr(requireUserInPerson: Middleware, takeProof: Middleware): Middleware {
  return function requireRefreshTokenOrUser(ctx, next) {
    const hasRefreshToken = ctx.state.body.refresh_token !== undefined
    return hasRefreshToken ? takeProof(ctx, next) : requireUserInPerson(ctx, next)
  }
}

/** A role may hold a scope of the same name at an API, whose users' tokens are for the issuer too: it means nothing here. */
function requireScopeOfClient(scope: string): Middleware {
  const requireIt = requireScope(scope) as Middleware
  return function requireScopeOfClient(ctx, next) {
    const { accessToken } = ctx.state
    if (accessToken.sub !== accessToken.client_id) ctx.state.accessToken = { ...accessToken, scope: undefined }
    return requireIt(ctx, next)
  }
}

const requireStatisticsScope = requireScopeOfClient(statisticsScope)

const requireAdminOrStatisticsScope: Middleware = function requireAdminOrStatisticsScope(ctx, next) {
  const { act, roles } = ctx.state.accessToken
  // A service that acts for an admin is not an admin.
  const isAdmin = !act && roles?.includes(adminRole) === true
  return isAdmin ? next() : requireStatisticsScope(ctx, next)
}

function requireRevocationsReader({ requireAccessToken, revocationFeedAccess }: AccessRuleDeps): Middleware {
  if (revocationFeedAccess === 'open') return (_ctx, next) => next()
  const requireReader = compose([requireAccessToken, requireScopeOfClient(revocationsScope)])
  // The bff-service has no token of its own; it is trusted with the addresses of all browsers already.
  return (ctx, next) => (isFromForwarder(ctx as Context) ? next() : requireReader(ctx, next))
}

/** What the token needs is in the query: a mistake there is the proxy's, and no refusal of the request that it asks about. */
function requireForwardedToken({ requireAccessTokenFor, issuer }: AccessRuleDeps): Middleware {
  return function requireForwardedToken(ctx, next) {
    const { audience, scope, role } = ctx.state.query as ForwardAuthQuery
    const checks = [requireAccessTokenFor(audience)]
    if (audience === issuer) checks.push(refuseApps)
    if (scope !== undefined) checks.push(requireScope(...(scope.split(' ') as [string])) as Middleware)
    if (role !== undefined) checks.push(requireRole(role) as Middleware)
    return compose(checks)(ctx, next)
  }
}

/** RFC 7662 §2.1: the endpoint must not be a place to try out tokens. */
const refusePublicClients: Middleware = async function refusePublicClients(ctx, next) {
  const { authMethod } = ctx.state.client as ConfirmedClient
  if (authMethod === 'none') throw new InvalidClientError({ detail: 'the client does not authenticate itself' })
  await next()
}
