import { ConflictError, InvalidRequestError } from '@countersign/oauth'
import { requireJsonBody } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import type { UserStore } from '../accounts/user-store.ts'
import { parseUsername } from '../accounts/usernames.ts'
import type { PasswordHashing } from '../passwords/password-hashing.ts'
import { refusalOfPassword } from '../passwords/password-policy.ts'
import type { RevocationRelay } from '../revocation/revocation-relay.ts'
import { flowOfAttempt } from '../sign-in/attempt-flow.ts'
import type { SignInLimits } from '../sign-in/sign-in-limits.ts'
import { type PasswordBody, passwordBody } from './bodies.ts'
import { clientInfoOf } from './client-info.ts'
import { delayRejections } from './delay-rejections.ts'
import { requireRoom } from './require-room.ts'

export interface PasswordDeps {
  users: UserStore
  passwords: PasswordHashing
  limits: SignInLimits
  relay: RevocationRelay
  requireAccessToken: Middleware
}

/** `POST /auth/password`: sets a new password; the current one is needed, and all other sessions of the user end. */
export function changePassword(deps: PasswordDeps): Middleware[] {
  return [
    deps.requireAccessToken,
    delayRejections(),
    requireRoom(deps),
    requireJsonBody(passwordBody),
    rejectWeakPassword,
    setPassword(deps)
  ]
}

const rejectWeakPassword: Middleware = async function rejectWeakPassword(ctx, next) {
  const { new_password: newPassword } = ctx.state.body as PasswordBody
  const refusal = refusalOfPassword(newPassword, ctx.state.accessToken.preferred_username ?? '')
  if (refusal) throw refusedMember('new_password', refusal)
  await next()
}

function setPassword({ users, passwords, limits, relay }: PasswordDeps): Middleware {
  return async function setPassword(ctx) {
    const body = ctx.state.body as PasswordBody
    const { sub, sid, preferred_username: username = '' } = ctx.state.accessToken
    const origin = clientInfoOf(ctx)
    const guess = { usernameKey: parseUsername(username)?.key ?? '', address: origin.address }
    const flow = flowOfAttempt(guess.usernameKey, guess.address)
    const user = await limits.verify(guess, async () => {
      const found = await users.findCredentialsById(sub)
      if (await passwords.verify(found?.passwordHash, body.current_password, flow)) return found
      await users.recordFailedPasswordChange({ userId: sub, sessionId: sid, origin })
      return undefined
    })
    if (!user) throw refusedMember('current_password', 'The current password is wrong.')
    const changed = await users.changePassword({
      userId: user.id,
      verifiedPasswordHash: user.passwordHash,
      newPasswordHash: await passwords.hash(body.new_password, flow),
      sessionId: sid,
      origin
    })
    if (!changed) {
      throw new ConflictError({ code: 'password_changed', description: 'The password was changed meanwhile.' })
    }
    await relay.announce(changed.entries)
    ctx.status = 204
  }
}

function refusedMember(path: string, message: string): InvalidRequestError {
  return new InvalidRequestError({ description: message, issues: [{ path, message }] })
}
