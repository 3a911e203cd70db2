import { MisdirectedRequestError } from '@countersign/oauth'
import type { Context, Middleware } from 'koa'

export interface PublicSite {
  readonly publicUrl: string
  readonly trustedProxyHops: number
}

/**
 * Accepts requests only for the public name of the site. Under another one (an address, another scheme, a foreign name) there
 * would be no cookie and no origin to trust, so the response names the right address.
 */
export function requirePublicSite({ publicUrl, trustedProxyHops }: PublicSite): Middleware {
  const { host, protocol } = new URL(publicUrl)
  return async function requirePublicSite(ctx, next) {
    // Without a proxy in front, this service itself gets plain http, whatever headers say.
    const isPlain = trustedProxyHops > 0 && `${ctx.protocol}:` !== protocol
    if (isPlain || hostOf(ctx.host, protocol) !== host) return redirectReader(ctx, publicUrl)
    await next()
  }
}

/** In lower case, and without the port that is the scheme's own (RFC 9110 §4.2.3). */
function hostOf(header: string, protocol: string): string | undefined {
  const url = `${protocol}//${header}`
  return URL.canParse(url) && !/[/?#@\\]/.test(header) ? new URL(url).host : undefined
}

function redirectReader(ctx: Context, publicUrl: string): void {
  const description = `This site is served only at ${publicUrl}. Open it there.`
  const detail = `asked for ${ctx.protocol}://${ctx.host.slice(0, 256)}, and PUBLIC_URL is ${publicUrl}`
  if (ctx.method !== 'GET' || ctx.accepts('json', 'html') !== 'html')
    throw new MisdirectedRequestError({ description, detail })
  ctx.state.log.info({ detail }, description)
  ctx.status = 421
  ctx.set('Cache-Control', 'no-store')
  ctx.type = 'text/plain'
  ctx.body = `${description}\n`
}
