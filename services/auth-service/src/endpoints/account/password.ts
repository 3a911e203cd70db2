import { ConflictError, InvalidRequestError } from '@countersign/oauth'
import type { UserStore } from '../../accounts/user-store.ts'
import { parseUsername } from '../../accounts/usernames.ts'
import type { PasswordHashing } from '../../passwords/password-hashing.ts'
import { refusalOfPassword } from '../../passwords/password-policy.ts'
import type { Announcing } from '../../revocation/announcing.ts'
import { defineRoute } from '../../routing/route.ts'
import { flowOfAttempt } from '../../sign-in/attempt-flow.ts'
import { verifyCurrentPassword } from '../../sign-in/current-password.ts'
import type { SignInLimits } from '../../sign-in/sign-in-limits.ts'
import { passwordBody } from '../../wire/account.ts'

export interface PasswordDeps {
  users: Announcing<UserStore>
  passwords: PasswordHashing
  limits: SignInLimits
}

/** `POST /auth/password`: sets a new password; the current one is needed, and all other sessions of the user end. */
export const changePassword = defineRoute(
  {
    method: 'post',
    path: '/auth/password',
    summary: 'Change the password: all other sessions end',
    access: 'user-in-person',
    limit: 'password-hashing',
    body: passwordBody,
    response: { status: 204 },
    errors: [409, 429]
  },
  ({ users, passwords, limits }: PasswordDeps) =>
    async ({ body, accessToken, origin }) => {
      const { sub, sid, preferred_username: username } = accessToken
      const refusal = refusalOfPassword(body.new_password, username)
      if (refusal) throw refusedMember('new_password', refusal)
      const user = await verifyCurrentPassword(
        { users, passwords, limits },
        { userId: sub, username, password: body.current_password, origin },
        () => users.recordFailedPasswordChange({ userId: sub, sessionId: sid, origin })
      )
      if (!user) throw refusedMember('current_password', 'The current password is wrong.')
      const changed = await users.changePassword({
        userId: user.id,
        verifiedPasswordHash: user.passwordHash,
        newPasswordHash: await passwords.hash(
          body.new_password,
          flowOfAttempt(parseUsername(username)?.key ?? '', origin.address)
        ),
        sessionId: sid,
        origin
      })
      if (changed) return
      throw new ConflictError({ code: 'password_changed', description: 'The password was changed meanwhile.' })
    }
)

function refusedMember(path: string, message: string): InvalidRequestError {
  return new InvalidRequestError({ description: message, issues: [{ path, message }] })
}
