/**
 * The paths of the auth-service that pages may reach: those of users for their accounts, and those of admins. Not those that
 * return tokens (sign-in, refresh), which scripts must not see, and not the sign-out, which has to end the browser's session
 * too.
 */
const accountPaths =
  /^\/(?:auth\/(?:me(?:\/(?:data|identities(?:\/[^/]+)?|deletion|username|email(?:\/confirm)?|second-factors|totp(?:\/confirm)?|recovery-codes|trusted-devices\/[^/]+))?|password|email\/verification(?:\/confirm)?|sessions(?:\/[^/]+)?|logout-all|logout-others)|admin\/.+)$/

export function isAccountPath(path: string): boolean {
  return accountPaths.test(path)
}
