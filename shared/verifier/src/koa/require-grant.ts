import type { Middleware } from 'koa'
import { RoleInsufficientError, ScopeInsufficientError } from '../errors.ts'
import { checkText } from '../option-checks.ts'
import { passOrRefuse } from './refusal.ts'
import type { AccessTokenState } from './require-access-token.ts'

/**
 * Lets a request pass only when its token was granted every one of these scopes; else 403 `insufficient_scope`.
 * Belongs behind `requireAccessToken`; without it, it throws a `TypeError`.
 */
export function requireScope(...scopes: [string, ...string[]]): Middleware<AccessTokenState> {
  if (scopes.length === 0) throw new TypeError('requireScope needs a scope')
  for (const scope of scopes) {
    // RFC 6749 §3.3
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) throw new TypeError(`"${scope}" is not a scope`)
  }
  return requireGrant(({ accessToken }) => {
    const granted = accessToken.scope?.split(' ') ?? []
    const lacks = scopes.find((scope) => !granted.includes(scope))
    if (lacks !== undefined) throw new ScopeInsufficientError(scopes, { detail: `lacks the scope ${lacks}` })
  })
}

/**
 * Lets a request pass only when its token has this role; else 403 `insufficient_scope`. Several roles that are all
 * needed are several of these. Belongs behind `requireAccessToken`; without it, it throws a `TypeError`.
 */
export function requireRole(role: string): Middleware<AccessTokenState> {
  checkText('role', role)
  return requireGrant(({ accessToken }) => {
    if (!accessToken.roles?.includes(role)) throw new RoleInsufficientError(role, { detail: `lacks the role ${role}` })
  })
}

function requireGrant(check: (state: AccessTokenState) => void): Middleware<AccessTokenState> {
  return (ctx, next) => {
    const { accessToken } = ctx.state as Partial<AccessTokenState>
    if (!accessToken) throw new TypeError('requireScope and requireRole belong behind requireAccessToken')
    return passOrRefuse(ctx, next, () => check({ accessToken }))
  }
}
