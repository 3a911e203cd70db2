import type { Context } from 'koa'
import { headerValues, pathOf, queryOf } from '../presented-token.ts'
import type { RequestGuard, RequestReader } from '../request-guard.ts'

/** Reads the raw request: Koa's own headers are parsed for every request only where they are asked for. */
export const koaReader: RequestReader<Context> = {
  authorization: (ctx) => headerValues(ctx.req.rawHeaders, 'authorization'),
  dpop: (ctx) => headerValues(ctx.req.rawHeaders, 'dpop'),
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

const guardOfRequest = Symbol('countersign.guard')

interface GuardedState {
  [guardOfRequest]?: RequestGuard<Context>
}

/** Leaves the guard to the checks behind it, which refuse by its options; no user of `ctx.state` sees a symbol. */
export function setGuard(ctx: Context, guard: RequestGuard<Context>): void {
  ;(ctx.state as GuardedState)[guardOfRequest] = guard
}

/** Answers what a check has thrown, so that no error handler is needed. @throws what is no refusal */
export function refuse(ctx: Context, error: unknown): void {
  const guard = (ctx.state as GuardedState)[guardOfRequest]
  if (!guard) throw error
  const { status, headers, body } = guard.refuse(ctx, error)
  ctx.status = status
  ctx.set({ ...headers })
  ctx.body = body
}
