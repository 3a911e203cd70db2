import type { Middleware } from 'koa'

const preflightSeconds = 600

/** Lets pages of all origins read the response (CORS). Cookies are never taken here, so there is nothing that they could use. */
export const allowOtherOrigins: Middleware = function allowOtherOrigins(ctx, next) {
  ctx.set('Access-Control-Allow-Origin', '*')
  ctx.set('Access-Control-Expose-Headers', 'WWW-Authenticate, DPoP-Nonce')
  return next()
}

/** Responds to what a browser asks before such a request. */
export function respondToPreflight(method: string): Middleware {
  return function respondToPreflight(ctx) {
    ctx.set('Access-Control-Allow-Origin', '*')
    ctx.set('Access-Control-Allow-Methods', method.toUpperCase())
    ctx.set('Access-Control-Allow-Headers', 'Authorization, Content-Type, DPoP')
    ctx.set('Access-Control-Max-Age', String(preflightSeconds))
    ctx.status = 204
  }
}
