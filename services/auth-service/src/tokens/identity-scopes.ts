import { endpointOf } from '@countersign/oauth'

/** Scopes that say what a client learns of its user, and for how long (OpenID Connect Core §5.4, §11). No API has them. */
export const identityScopes = ['openid', 'profile', 'email', 'offline_access'] as const
export type IdentityScope = (typeof identityScopes)[number]

export function isIdentityScope(scope: string): scope is IdentityScope {
  return (identityScopes as readonly string[]).includes(scope)
}

export const userinfoPath = '/oauth/userinfo'

/** What a token is for that says who the user is, and nothing else. It is not the issuer, whose own routes are for its pages. */
export function userinfoAudience(issuer: string): string {
  return endpointOf(issuer, userinfoPath)
}
