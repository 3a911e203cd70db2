import type { Context } from 'koa'
import type { ClientInfo } from '../issuer/issuer-client.ts'

const userAgentLimit = 256
const acceptLanguageLimit = 256

/** The browser of a request: its address (from `TRUSTED_PROXY_HOPS` proxies, if any), its user agent and its languages. */
export function clientInfoOf(ctx: Context): ClientInfo {
  // Node reads header bytes as Latin-1, and `fetch` accepts nothing else.
  const userAgent = ctx.get('User-Agent').slice(0, userAgentLimit)
  const acceptLanguage = ctx.get('Accept-Language').slice(0, acceptLanguageLimit)
  return { address: ctx.ip, userAgent, acceptLanguage, requestId: ctx.state.requestId }
}
