import { ConflictError } from '@countersign/oauth'
import type { UserStore } from '../../accounts/user-store.ts'
import { parseUsername, type Username } from '../../accounts/usernames.ts'
import type { ClientInfo } from '../../client-info.ts'
import { chooseLanguage } from '../../mail/mail.ts'
import type { PasswordHashing } from '../../passwords/password-hashing.ts'
import { defineRoute } from '../../routing/route.ts'
import { sessionEnded } from '../../sessions/session-ended.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { flowOfAttempt } from '../../sign-in/attempt-flow.ts'
import { charge } from '../../sign-in/request-limits.ts'
import { changedUsername, usernameBody } from '../../wire/account.ts'
import { refusedMember } from './refused-member.ts'

export interface UsernameDeps {
  users: Pick<UserStore, 'findCredentialsById' | 'changeUsername'>
  passwords: PasswordHashing
  counters: AttemptCounters
  wakeMail(): void
}

/** Per account and hour; names that are taken count, too. */
const changesPerAccount = 10

/** `POST /auth/me/username`: tokens that were issued before carry the former name until they expire. */
export const changeUsername = defineRoute(
  {
    method: 'post',
    path: '/auth/me/username',
    summary: 'Change the username; no session ends',
    access: 'user-in-person',
    needsRecentSignIn: true,
    limit: 'password-hashing',
    body: usernameBody,
    response: { status: 200, schema: changedUsername },
    errors: [409, 429]
  },
  (deps: UsernameDeps) =>
    async ({ body, accessToken, origin, ctx }) => {
      const username = parseUsername(body.username) as Username // checked by the schema of the body
      const { sub: userId, sid: sessionId } = accessToken
      await charge(deps.counters, [
        { name: 'username_change', key: userId, limit: changesPerAccount, windowSeconds: 3600 }
      ])
      if (await isPassword(deps, userId, username, origin)) {
        throw refusedMember('username', 'The username must not be the password.')
      }
      const outcome = await deps.users.changeUsername({
        userId,
        sessionId,
        username,
        language: chooseLanguage(ctx.get('Accept-Language')),
        origin
      })
      if (outcome === 'session_ended') throw sessionEnded()
      if (outcome === 'taken')
        throw new ConflictError({ code: 'username_taken', description: 'This username is taken.' })
      deps.wakeMail()
      return { username: username.display }
    }
)

/** In the spelling that was given, and in the one that names compare by. */
async function isPassword(
  { users, passwords }: UsernameDeps,
  userId: string,
  { display, key }: Username,
  { address }: ClientInfo
): Promise<boolean> {
  const user = await users.findCredentialsById(userId)
  const flow = flowOfAttempt(key, address)
  for (const text of new Set([display, key])) if (await passwords.verify(user?.passwordHash, text, flow)) return true
  return false
}
