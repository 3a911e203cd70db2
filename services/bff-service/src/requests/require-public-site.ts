import { MisdirectedRequestError } from '@countersign/oauth'
import type { Context, Middleware } from 'koa'

export interface PublicSite {
  readonly publicUrl: string
  readonly trustedProxyHops: number
}

/**
 * Takes requests for the one name that the site goes by. Any other one (an address, another scheme, a name that somebody
 * has pointed here) would have no cookie and no origin to trust, so it is told where to go.
 */
export function requirePublicSite({ publicUrl, trustedProxyHops }: PublicSite): Middleware {
  const { host, protocol } = new URL(publicUrl)
  return async function requirePublicSite(ctx, next) {
    // Without a proxy in front it is this service that speaks plain http, whatever the browser does.
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
  const description = `This site is served at ${publicUrl} alone. Open it there.`
  const detail = `asked for ${ctx.protocol}://${ctx.host.slice(0, 256)}, and PUBLIC_URL is ${publicUrl}`
  if (ctx.method !== 'GET' || ctx.accepts('json', 'html') !== 'html')
    throw new MisdirectedRequestError({ description, detail })
  ctx.state.log.info({ detail }, description)
  ctx.status = 421
  ctx.set('Cache-Control', 'no-store')
  ctx.type = 'text/plain'
  ctx.body = `${description}\n`
}
