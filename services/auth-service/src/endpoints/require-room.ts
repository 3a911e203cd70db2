import type { Middleware } from 'koa'
import { siteOf } from '../accounts/networks.ts'
import type { PasswordHashing } from '../accounts/password-hashing.ts'
import { requestOrigin } from './request-origin.ts'

/** Before the body is read: a burst that is rejected must not stand between others and their responses. */
export function requireRoom({ passwords }: { passwords: PasswordHashing }): Middleware {
  return function requireRoom(ctx, next) {
    passwords.requireRoom(siteOf(requestOrigin(ctx).address))
    return next()
  }
}
