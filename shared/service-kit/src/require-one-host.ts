import { InvalidRequestError } from '@countersign/oauth'
import type { Context, Middleware } from 'koa'

/** Rejects a request with several `Host` headers (RFC 9112 §3.2): Node and a proxy in front may use different ones. */
export const requireOneHost: Middleware = (ctx: Context, next) => {
  const { rawHeaders } = ctx.req
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  if (hosts > 1) throw new InvalidRequestError({ description: 'There are several Host headers.' })
  return next()
}
