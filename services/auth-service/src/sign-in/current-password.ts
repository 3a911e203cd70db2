import type { UserCredentials, UserStore } from '../accounts/user-store.ts'
import { parseUsername } from '../accounts/usernames.ts'
import type { ClientInfo } from '../client-info.ts'
import type { PasswordHashing } from '../passwords/password-hashing.ts'
import { flowOfAttempt } from './attempt-flow.ts'
import type { Device } from './device-tokens.ts'
import type { SignInLimits } from './sign-in-limits.ts'

export interface CurrentPasswordDeps {
  users: Pick<UserStore, 'findCredentialsById'>
  passwords: PasswordHashing
  limits: SignInLimits
}

/**
 * Verifies the password of a user who is signed in, within the sign-in limits of the account.
 * @param recordFailure writes the audit event of a wrong password
 * @returns `undefined` when it is wrong, or the user is disabled
 */
export function verifyCurrentPassword(
  { users, passwords, limits }: CurrentPasswordDeps,
  {
    userId,
    username,
    password,
    device,
    origin
  }: { userId: string; username: string; password: string; device?: Device | undefined; origin: ClientInfo },
  recordFailure: () => Promise<void>
): Promise<UserCredentials | undefined> {
  const guess = { usernameKey: parseUsername(username)?.key ?? '', address: origin.address, device }
  return limits.verify(guess, async () => {
    const found = await users.findCredentialsById(userId)
    const flow = flowOfAttempt(guess.usernameKey, origin.address)
    const matches = await passwords.verify(found?.passwordHash, password, flow)
    if (found && matches && !found.isDisabled) return found
    await recordFailure()
    return undefined
  })
}
