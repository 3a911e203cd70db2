import type { Context } from 'koa'
import type { ClientInfo } from '../client-info.ts'
import { parseAddress } from '../sign-in/networks.ts'

const userAgentLimit = 256

/** Where a request came from: the address (from `TRUSTED_PROXY_HOPS` proxies, if any) and the user agent. */
export function clientInfoOf(ctx: Context): ClientInfo {
  const address = parseAddress(ctx.ip) ?? parseAddress(ctx.req.socket.remoteAddress ?? '') ?? ''
  return { address, userAgent: ctx.get('User-Agent').slice(0, userAgentLimit) }
}
