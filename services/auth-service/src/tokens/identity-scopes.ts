/** Scopes that say what a client learns of its user, and for how long (OpenID Connect Core §5.4, §11). No API has them. */
export const identityScopes = ['openid', 'profile', 'email', 'offline_access'] as const
export type IdentityScope = (typeof identityScopes)[number]

export function isIdentityScope(scope: string): scope is IdentityScope {
  return (identityScopes as readonly string[]).includes(scope)
}
