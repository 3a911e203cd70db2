import type { Middleware } from 'koa'

const twoYearsSeconds = 63_072_000

/** RFC 6797: if the site is served over https, browsers use nothing else from then on. */
export function setTransportSecurity(publicUrl: string): Middleware {
  const isSecure = publicUrl.startsWith('https:')
  return async function setTransportSecurity(ctx, next) {
    if (isSecure) ctx.set('Strict-Transport-Security', `max-age=${twoYearsSeconds}`)
    await next()
  }
}
