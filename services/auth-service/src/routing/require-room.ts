import type { Middleware } from 'koa'
import type { PasswordHashing } from '../passwords/password-hashing.ts'
import { siteOf } from '../sign-in/networks.ts'
import { clientInfoOf } from './client-info.ts'

/** Checked before the body is read: rejecting a burst must not delay the responses to others. */
export function requireRoom({ passwords }: { passwords: Pick<PasswordHashing, 'requireRoom'> }): Middleware {
  return function requireRoom(ctx, next) {
    passwords.requireRoom(siteOf(clientInfoOf(ctx).address))
    return next()
  }
}
