import type { MiddlewareHandler } from 'hono'
import { claimsBefore, type GrantCheck, roleCheck, scopeCheck } from '../grant-checks.ts'
import { type AccessTokenEnv, refuse } from './hono-guard.ts'

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

function requireGrant(check: GrantCheck): MiddlewareHandler<AccessTokenEnv> {
  return async (c, next) => {
    const claims = claimsBefore(c.get('accessToken'))
    try {
      check(claims)
    } catch (error) {
      return refuse(c, error)
    }
    await next()
  }
}
