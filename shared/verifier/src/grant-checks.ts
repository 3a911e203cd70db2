import type { VerifiedAccessToken } from './access-token-claims.ts'
import { RoleInsufficientError, ScopeInsufficientError } from './errors.ts'
import { checkText } from './option-checks.ts'

/** Whether a good token grants what a route needs. @throws {VerifierError} when it does not */
export type GrantCheck = (claims: VerifiedAccessToken) => void

/**
 * Wants every one of these scopes.
 *
 * @throws {TypeError} for what is no scope (RFC 6749 §3.3); the check throws {@link ScopeInsufficientError}.
 */
export function scopeCheck(scopes: readonly string[]): GrantCheck {
  if (scopes.length === 0) throw new TypeError('requireScope needs a scope')
  for (const scope of scopes) {
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) throw new TypeError(`"${scope}" is not a scope`)
  }
  return ({ scope: granted }) => {
    const grantedScopes = granted?.split(' ') ?? []
    const lacks = scopes.find((scope) => !grantedScopes.includes(scope))
    if (lacks !== undefined) throw new ScopeInsufficientError(scopes, { detail: `lacks the scope ${lacks}` })
  }
}

/**
 * Wants this role.
 *
 * @throws {TypeError} when it is no non-empty string; the check throws {@link RoleInsufficientError}.
 */
export function roleCheck(role: string): GrantCheck {
  checkText('role', role)
  return ({ roles }) => {
    if (!roles?.includes(role)) throw new RoleInsufficientError(role, { detail: `lacks the role ${role}` })
  }
}

/** The claims that a check goes by. @throws {TypeError} when no `requireAccessToken` came before */
export function claimsBefore(claims: VerifiedAccessToken | undefined): VerifiedAccessToken {
  if (!claims) throw new TypeError('requireScope and requireRole belong behind requireAccessToken')
  return claims
}
