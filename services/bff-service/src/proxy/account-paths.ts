/**
 * The paths of the auth-service that pages may reach: those of users for their accounts, and those of admins. Not those that
 * return tokens (sign-in, refresh), which scripts must not see, and not the sign-out, which has to end the browser's session
 * too.
 */
const ownPaths = [
  'data',
  'deletion',
  'username',
  'email(?:/confirm)?',
  'second-factors',
  'totp(?:/confirm)?',
  'recovery-codes',
  'trusted-devices/[^/]+',
  'passkeys(?:/[^/]+)?',
  'identities(?:/[^/]+)?',
  'apps(?:/[^/]+)?'
]
const accountPaths = new RegExp(
  `^/(?:auth/(?:me(?:/(?:${ownPaths.join('|')}))?|step-up/passkey/options|password|email/verification(?:/confirm)?|authorization-requests/[^/]+/(?:claim|decision)|sessions(?:/[^/]+)?|logout-all|logout-others)|admin/.+)$`
)

export function isAccountPath(path: string): boolean {
  return accountPaths.test(path)
}
