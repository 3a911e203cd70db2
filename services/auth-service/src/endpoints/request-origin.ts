import type { Context } from 'koa'
import type { RequestOrigin } from '../grants/refresh-token-families.ts'

const userAgentLimit = 256

/** Where a request came from: the address (behind `TRUSTED_PROXY_HOPS` proxies, as they say) and the user agent. */
export function requestOrigin(ctx: Context): RequestOrigin {
  return { address: ctx.ip.slice(0, 64), userAgent: ctx.get('User-Agent').slice(0, userAgentLimit) }
}
