import { ConflictError, InvalidRequestError } from '@countersign/oauth'
import type { UserCredentials, UserStore } from '../../accounts/user-store.ts'
import type { ClientInfo } from '../../client-info.ts'
import type { PasswordHashing } from '../../passwords/password-hashing.ts'
import type { UserAccessToken } from '../../routing/route.ts'
import { verifyCurrentPassword } from '../../sign-in/current-password.ts'
import type { SignInLimits } from '../../sign-in/sign-in-limits.ts'

type RecordFailure = 'recordFailedPasswordChange' | 'recordFailedReauthentication'

export interface CurrentPasswordDeps {
  users: Pick<UserStore, 'findCredentialsById' | RecordFailure>
  passwords: PasswordHashing
  limits: SignInLimits
}

/**
 * Proves that the user of a session is at it, by the current password, within the limits on sign-in.
 * @throws {InvalidRequestError} when the password is wrong
 */
export async function proveUser(
  deps: CurrentPasswordDeps,
  {
    accessToken,
    origin,
    currentPassword
  }: { accessToken: UserAccessToken; origin: ClientInfo; currentPassword: string },
  recordFailure: RecordFailure = 'recordFailedReauthentication'
): Promise<UserCredentials> {
  const { sub, sid, preferred_username: username } = accessToken
  const user = await verifyCurrentPassword(deps, { userId: sub, username, password: currentPassword, origin }, () =>
    deps.users[recordFailure]({ userId: sub, sessionId: sid, origin })
  )
  if (!user) throw refusedMember('current_password', 'The current password is wrong.')
  return user
}

export function refusedMember(path: string, message: string): InvalidRequestError {
  return new InvalidRequestError({ description: message, issues: [{ path, message }] })
}

/** Another request was faster. */
export function passwordChanged(): ConflictError {
  return new ConflictError({ code: 'password_changed', description: 'The password was changed meanwhile.' })
}
