import type { Middleware } from 'koa'
import { siteOf } from '../accounts/networks.ts'
import type { PasswordHashing } from '../accounts/password-hashing.ts'
import { clientInfoOf } from './client-info.ts'

/** Before the body is read: a burst that is rejected must not stand between others and their responses. */
export function requireRoom({ passwords }: { passwords: PasswordHashing }): Middleware {
  return function requireRoom(ctx, next) {
    passwords.requireRoom(siteOf(clientInfoOf(ctx).address))
    return next()
  }
}
