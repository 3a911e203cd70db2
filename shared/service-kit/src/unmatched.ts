import { MethodNotAllowedError, NotFoundError } from '@countersign/oauth'
import type Router from '@koa/router'
import type { Context } from 'koa'

/** 405 with `Allow` for a known path with another method, 404 for the rest. */
export function rejectUnmatched(router: Router) {
  return async function rejectUnmatched(ctx: Context): Promise<void> {
    const methods = router.match(ctx.path, ctx.method).path.flatMap((layer) => layer.methods)
    if (methods.length === 0) throw new NotFoundError()
    throw new MethodNotAllowedError({ headers: { Allow: [...new Set(methods)].join(', ') } })
  }
}
