import type { Context } from 'koa'
import { readCookie } from './session-cookie.ts'

/** Outlives the session: while others guess at the account, its user gets in with this browser. */
export const deviceCookieName = '__Host-countersign-device'

const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax'
/** As long as the issuer takes the token. */
const maxAgeSeconds = 90 * 86_400
const acceptable = /^[\w.-]{1,512}$/

/** The device token that a browser sends; anything that cannot be one is as none. */
export function readDeviceCookie(ctx: Context): string | undefined {
  const value = readCookie(ctx, deviceCookieName)
  return value !== undefined && acceptable.test(value) ? value : undefined
}

export function setDeviceCookie(ctx: Context, token: string): void {
  if (acceptable.test(token))
    ctx.append('Set-Cookie', `${deviceCookieName}=${token}; Max-Age=${maxAgeSeconds}; ${attributes}`)
}
