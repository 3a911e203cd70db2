import { AccessDeniedError } from '@countersign/oauth'
import { isWebSocketRequest } from '@countersign/service-kit'
import type { Context, Middleware } from 'koa'

/** A page of another origin can send it only after a CORS preflight, which is never allowed. */
const csrfHeader = 'X-Countersign-CSRF'

const safeMethods = ['GET', 'HEAD', 'OPTIONS']

/**
 * CSRF defense: a request that changes something must come from a page of this origin, according to the browser (Fetch
 * Metadata or `Origin`), and have a header of its own. Other sites may not even read.
 */
export function requireSameOrigin(publicUrl: string): Middleware {
  return async function requireSameOrigin(ctx, next) {
    const site = ctx.get('Sec-Fetch-Site')
    if (isWebSocketRequest(ctx)) {
      // A page of any site may ask for it, without a preflight; but each browser says `Origin`.
      if (ctx.get('Origin') !== publicUrl) throw denied('a WebSocket of another origin')
    } else if (safeMethods.includes(ctx.method)) {
      // `none`: a person typed the address.
      if (!['', 'same-origin', 'none'].includes(site)) throw denied('a request of another site')
    } else {
      if (!isSameOrigin(ctx, site, publicUrl)) throw denied('an unsafe request of another origin')
      if (ctx.get(csrfHeader) === '') throw denied(`no ${csrfHeader} header`)
    }
    await next()
  }
}

/** The same for a form that a page of this origin sends by itself, which cannot add a header. */
export function requireSameOriginForm(publicUrl: string): Middleware {
  return async function requireSameOriginForm(ctx, next) {
    if (!isSameOrigin(ctx, ctx.get('Sec-Fetch-Site'), publicUrl)) throw denied('a form of another origin')
    await next()
  }
}

function isSameOrigin(ctx: Context, site: string, publicUrl: string): boolean {
  const origin = ctx.get('Origin')
  // If there are both, both count: an old proxy may drop one of them, and neither may disagree.
  if (origin !== '' && origin !== publicUrl) return false
  return site === '' ? origin === publicUrl : site === 'same-origin'
}

function denied(detail: string): AccessDeniedError {
  return new AccessDeniedError({
    description: `This is for the pages of this site: same origin, and ${csrfHeader}: 1 where something changes.`,
    detail
  })
}
