import { RoleInsufficientError, ScopeInsufficientError, type VerifierError } from '../errors.ts'
import { checkText } from '../option-checks.ts'
import type { VerifiedAccessToken } from '../token/claims.ts'

/**
 * What is wrong when a good token does not grant what a route needs; else `undefined`.
 *
 * @throws {TypeError} when no `requireAccessToken` came before.
 */
export type GrantCheck = (claims: VerifiedAccessToken | undefined) => VerifierError | undefined

/**
 * Wants every one of these scopes.
 *
 * @throws {TypeError} for what is no scope (RFC 6749 §3.3).
 */
export function scopeCheck(scopes: readonly string[]): GrantCheck {
  if (scopes.length === 0) throw new TypeError('requireScope needs a scope')
  for (const scope of scopes) {
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) throw new TypeError(`"${scope}" is not a scope`)
  }
  return (claims) => {
    const granted = requireVerified(claims).scope?.split(' ') ?? []
    const lacks = scopes.find((scope) => !granted.includes(scope))
    return lacks === undefined ? undefined : new ScopeInsufficientError(scopes, { detail: `lacks the scope ${lacks}` })
  }
}

/**
 * Wants this role.
 *
 * @throws {TypeError} when it is no non-empty string.
 */
export function roleCheck(role: string): GrantCheck {
  checkText('role', role)
  return (claims) =>
    requireVerified(claims).roles?.includes(role)
      ? undefined
      : new RoleInsufficientError(role, { detail: `lacks the role ${role}` })
}

function requireVerified(claims: VerifiedAccessToken | undefined): VerifiedAccessToken {
  if (!claims) throw new TypeError('requireScope and requireRole belong behind requireAccessToken')
  return claims
}
