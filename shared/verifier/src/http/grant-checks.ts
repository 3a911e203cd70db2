import { type AuthenticationLevel, authenticationLevels } from '../access-token-profile.ts'
import {
  AuthenticationInsufficientError,
  type AuthenticationRequirement,
  RoleInsufficientError,
  ScopeInsufficientError,
  type VerifierError
} from '../errors.ts'
import { checkNumber, checkOneOf, checkText } from '../option-checks.ts'
import type { VerifiedAccessToken } from '../token/claims.ts'

/** A year. */
const maxAge = 31_536_000

/**
 * What is wrong when a valid token does not grant what a route needs; else `undefined`.
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

/**
 * Wants a sign-in that is recent, or shows enough (RFC 9470). A token without `auth_time`, such as a client's own, has neither.
 *
 * @throws {TypeError} for a requirement that wants nothing, or what there is not.
 */
export function authenticationCheck(requirement: AuthenticationRequirement): GrantCheck {
  const { maxAgeSeconds, acr } = requirement
  if (maxAgeSeconds === undefined && acr === undefined)
    throw new TypeError('requireAuthentication needs maxAgeSeconds or acr')
  if (maxAgeSeconds !== undefined) checkNumber('maxAgeSeconds', maxAgeSeconds, 1, maxAge)
  if (acr !== undefined) checkOneOf('acr', acr, authenticationLevels)
  const wanted = Object.freeze({
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    ...(acr !== undefined && { acr })
  })
  const wantedLevel = acr === undefined ? -1 : levelOf(acr)
  return (claims) => {
    const { auth_time: authTime, acr: shown } = requireVerified(claims)
    const refuse = (detail: string) => new AuthenticationInsufficientError(wanted, { detail })
    if (levelOf(shown) < wantedLevel) return refuse(`acr is ${shown ?? 'missing'}`)
    if (maxAgeSeconds === undefined) return undefined
    if (authTime === undefined) return refuse('auth_time is missing')
    const age = Date.now() / 1000 - authTime
    return age > maxAgeSeconds ? refuse(`the user signed in ${Math.floor(age)} s ago`) : undefined
  }
}

function levelOf(acr: string | undefined): number {
  return authenticationLevels.indexOf(acr as AuthenticationLevel)
}

function requireVerified(claims: VerifiedAccessToken | undefined): VerifiedAccessToken {
  if (!claims)
    throw new TypeError('requireScope, requireRole and requireAuthentication belong behind requireAccessToken')
  return claims
}
