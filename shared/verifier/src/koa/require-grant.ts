import type { Middleware } from 'koa'
import { claimsBefore, type GrantCheck, roleCheck, scopeCheck } from '../grant-checks.ts'
import { refuse } from './koa-guard.ts'
import type { AccessTokenState } from './require-access-token.ts'

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

function requireGrant(check: GrantCheck): Middleware<AccessTokenState> {
  return (ctx, next) => {
    const claims = claimsBefore((ctx.state as Partial<AccessTokenState>).accessToken)
    try {
      check(claims)
    } catch (error) {
      return refuse(ctx, error)
    }
    return next()
  }
}
