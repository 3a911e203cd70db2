import type { Middleware } from 'koa'
import type { PasswordHashing } from '../passwords/password-hashing.ts'
import { siteOf } from '../sign-in/networks.ts'
import { clientInfoOf } from './client-info.ts'

/** Before the body is read: a burst that is rejected must not stand between others and their responses. */
export function requireRoom({ passwords }: { passwords: Pick<PasswordHashing, 'requireRoom'> }): Middleware {
  return function requireRoom(ctx, next) {
    passwords.requireRoom(siteOf(clientInfoOf(ctx).address))
    return next()
  }
}
