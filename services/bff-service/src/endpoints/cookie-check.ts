import type { Middleware } from 'koa'
import type { SiteCookies } from '../requests/site-cookies.ts'

/**
 * `GET /bff/cookies`: whether this browser sends cookies back. The first response sets one, so a page asks twice before it believes that they
 * are blocked. A sign-in without cookies would leave a session at the issuer that no browser can use or end.
 */
export function checkCookies({ cookies }: { cookies: SiteCookies }): Middleware {
  return async function checkCookies(ctx) {
    const enabled = Object.values(cookies).some((cookie) => cookie.read(ctx) !== undefined)
    if (!enabled) cookies.probe.set(ctx, '1')
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { enabled }
  }
}
