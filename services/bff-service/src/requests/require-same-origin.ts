import { AccessDeniedError } from '@countersign/oauth'
import type { Context, Middleware } from 'koa'

/** A page of another origin cannot send it without asking first (CORS), and is never allowed to. */
const csrfHeader = 'X-Countersign-CSRF'

const safeMethods = ['GET', 'HEAD', 'OPTIONS']

/**
 * CSRF defence: what changes something comes from a page of this origin, by what the browser says of the request itself
 * (Fetch Metadata, or `Origin`), and carries a header of its own. Other sites may not even read.
 */
export function requireSameOrigin(publicUrl: string): Middleware {
  return async function requireSameOrigin(ctx, next) {
    const site = ctx.get('Sec-Fetch-Site')
    if (safeMethods.includes(ctx.method)) {
      // `none` is a person who has typed the address.
      if (!['', 'same-origin', 'none'].includes(site)) throw denied('a request of another site')
    } else {
      if (!isSameOrigin(ctx, site, publicUrl)) throw denied('an unsafe request of another origin')
      if (ctx.get(csrfHeader) === '') throw denied(`no ${csrfHeader} header`)
    }
    await next()
  }
}

function isSameOrigin(ctx: Context, site: string, publicUrl: string): boolean {
  const origin = ctx.get('Origin')
  // Both, where there are both: an old proxy may have lost one of them, and neither may say otherwise.
  if (origin !== '' && origin !== publicUrl) return false
  return site === '' ? origin === publicUrl : site === 'same-origin'
}

function denied(detail: string): AccessDeniedError {
  return new AccessDeniedError({
    description: `This is for the pages of this site: same origin, and ${csrfHeader}: 1 where something changes.`,
    detail
  })
}
