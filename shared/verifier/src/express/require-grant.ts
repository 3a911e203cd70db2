import type { RequestHandler } from 'express'
import { claimsBefore, type GrantCheck, roleCheck, scopeCheck } from '../grant-checks.ts'
import { type AccessTokenMiddleware, refuse } from './express-guard.ts'

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

function requireGrant(check: GrantCheck): AccessTokenMiddleware {
  const middleware: RequestHandler = (request, response, next) => {
    const claims = claimsBefore(request.accessToken)
    try {
      check(claims)
    } catch (error) {
      return refuse(request, response, next, error)
    }
    next()
  }
  return middleware as AccessTokenMiddleware
}
