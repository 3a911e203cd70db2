import type { Middleware } from 'koa'
import type { z } from 'zod'
import { parseWith } from './validation.ts'

/** Checks the query against a schema of strings, and sets `ctx.state.query`. @throws {InvalidRequestError} */
export function requireQuery(schema: z.ZodType): Middleware {
  return async function requireQuery(ctx, next) {
    ctx.state.query = parseWith(schema, { ...ctx.query })
    await next()
  }
}
