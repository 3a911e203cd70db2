import type { Context } from 'koa'
import { guardOf } from '../guarded-request.ts'
import { headerValues, pathOf, queryOf } from '../presented-token.ts'
import type { RequestReader } from '../request-guard.ts'

/** Reads the raw request: Koa's own headers are parsed for every request only where they are asked for. */
export const koaReader: RequestReader<Context> = {
  authorization: (ctx) => headerValues(ctx.req, 'authorization'),
  dpop: (ctx) => headerValues(ctx.req, 'dpop'),
  queryString: (ctx) => queryOf(ctx.req.url),
  form(ctx) {
    const { body } = ctx.request as { body?: unknown }
    return body !== undefined && ctx.is('urlencoded', 'multipart') ? body : undefined
  },
  method: (ctx) => ctx.method,
  url: (ctx) => ctx.href,
  // Not `ctx.path`, of which a mounted app sees only its part.
  path: (ctx) => pathOf(ctx.originalUrl)
}

/** Answers what a check has thrown, so that no error handler is needed. @throws what is no refusal */
export function refuse(ctx: Context, error: unknown): void {
  const guard = guardOf(ctx)
  if (!guard) throw error
  const { status, headers, body } = guard.refuse(ctx, error)
  ctx.status = status
  ctx.set({ ...headers })
  ctx.body = body
}
