import { ConflictError } from '@countersign/oauth'
import type { UserStore } from '../../accounts/user-store.ts'
import { parseUsername } from '../../accounts/usernames.ts'
import { chooseLanguage } from '../../mail/mail.ts'
import { refusalOfPassword } from '../../passwords/password-policy.ts'
import type { Announcing } from '../../revocation/announcing.ts'
import { defineRoute } from '../../routing/route.ts'
import { flowOfAttempt } from '../../sign-in/attempt-flow.ts'
import { type CurrentPasswordDeps, verifyCurrentPassword } from '../../sign-in/current-password.ts'
import { passwordBody } from '../../wire/account.ts'
import { refusedMember } from './refused-member.ts'

export interface PasswordDeps extends CurrentPasswordDeps {
  users: Announcing<UserStore>
  wakeMail(): void
}

/** `POST /auth/password`: sets a new password; the current one is needed, and all other sessions of the user end. */
export const changePassword = defineRoute(
  {
    method: 'post',
    path: '/auth/password',
    summary: 'Change the password: all other sessions end',
    access: 'user-in-person',
    needsSecondFactor: true,
    limit: 'password-hashing',
    body: passwordBody,
    response: { status: 204 },
    errors: [409, 429]
  },
  ({ wakeMail, ...deps }: PasswordDeps) =>
    async ({ body, accessToken, origin, ctx }) => {
      const refusal = await refusalOfPassword(body.new_password, accessToken.preferred_username)
      if (refusal) throw refusedMember('new_password', refusal)
      const { sub: userId, sid: sessionId, preferred_username: username } = accessToken
      const user = await verifyCurrentPassword(
        deps,
        { userId, username, password: body.current_password, origin },
        () => deps.users.recordFailedPasswordChange({ userId, sessionId, origin })
      )
      if (!user) throw refusedMember('current_password', 'The current password is wrong.')
      const flow = flowOfAttempt(parseUsername(user.username)?.key ?? '', origin.address)
      const changed = await deps.users.changePassword({
        userId: user.id,
        verifiedPasswordHash: user.passwordHash,
        newPasswordHash: await deps.passwords.hash(body.new_password, flow),
        sessionId,
        language: chooseLanguage(ctx.get('Accept-Language')),
        origin
      })
      if (!changed) {
        throw new ConflictError({ code: 'password_changed', description: 'The password was changed meanwhile.' })
      }
      wakeMail()
    }
)
