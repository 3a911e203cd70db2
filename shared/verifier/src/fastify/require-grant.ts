import { claimsBefore, type GrantCheck, roleCheck, scopeCheck } from '../grant-checks.ts'
import { type AccessTokenHook, refuse } from './fastify-guard.ts'

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

function requireGrant(check: GrantCheck): AccessTokenHook {
  return (request, reply, done) => {
    const claims = claimsBefore(request.accessToken)
    try {
      check(claims)
    } catch (error) {
      return refuse(request, reply, done, error)
    }
    done()
  }
}
