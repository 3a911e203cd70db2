/**
 * What pages may reach of the auth-service: what a user does with the account, and what admins do. Not what answers tokens
 * (sign-in, refresh), which scripts must not see, and not the sign-out, which has to end the browser's session too.
 */
const accountPaths = /^\/(?:auth\/(?:me|password|sessions(?:\/[^/]+)?|logout-all|logout-others)|admin\/.+)$/

export function isAccountPath(path: string): boolean {
  return accountPaths.test(path)
}
