import { ConflictError } from '@countersign/oauth'
import type { UserStore } from '../../accounts/user-store.ts'
import { parseUsername, type Username } from '../../accounts/usernames.ts'
import { chooseLanguage } from '../../mail/mail.ts'
import { isUsername } from '../../passwords/password-policy.ts'
import { defineRoute } from '../../routing/route.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { charge } from '../../sign-in/request-limits.ts'
import { newUsername, usernameBody } from '../../wire/account.ts'
import { type CurrentPasswordDeps, passwordChanged, proveUser, refusedMember } from './current-password.ts'

export interface UsernameDeps extends CurrentPasswordDeps {
  users: CurrentPasswordDeps['users'] & Pick<UserStore, 'changeUsername'>
  counters: AttemptCounters
  wakeMail(): void
}

/** Of one account, in an hour: names that are taken count, too. */
const changesPerAccount = 10

/** `POST /auth/me/username`: tokens that were issued before carry the former name until they expire. */
export const changeUsername = defineRoute(
  {
    method: 'post',
    path: '/auth/me/username',
    summary: 'Change the username; no session ends',
    access: 'user-in-person',
    limit: 'password-hashing',
    body: usernameBody,
    response: { status: 200, schema: newUsername },
    errors: [409, 429]
  },
  (deps: UsernameDeps) =>
    async ({ body, accessToken, origin, ctx }) => {
      const username = parseUsername(body.username) as Username // checked by the schema of the body
      const user = await proveUser(deps, { accessToken, origin, currentPassword: body.current_password })
      if (isUsername(body.current_password, username.display)) {
        throw refusedMember('username', 'The username must not be the password.')
      }
      const budget = { name: 'username_change', key: user.id, limit: changesPerAccount, windowSeconds: 3600 }
      await charge(deps.counters, [budget])
      const outcome = await deps.users.changeUsername({
        userId: user.id,
        verifiedPasswordHash: user.passwordHash,
        username,
        sessionId: accessToken.sid,
        language: chooseLanguage(ctx.get('Accept-Language')),
        origin
      })
      if (outcome === 'user_changed') throw passwordChanged()
      if (outcome === 'taken')
        throw new ConflictError({ code: 'username_taken', description: 'This username is taken.' })
      deps.wakeMail()
      return { username: username.display }
    }
)
