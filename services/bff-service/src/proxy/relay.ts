import { describeError } from '@countersign/service-kit'
import type { Context } from 'koa'
import type { UpstreamResponse } from './upstream.ts'

/** Passes on the status and the body of a response; its headers are the caller's business. */
export function relay(ctx: Context, { statusCode, body }: UpstreamResponse): void {
  ctx.status = statusCode
  if ([204, 205, 304].includes(statusCode)) {
    ctx.body = null
    body.once('error', () => {}).resume()
    return
  }
  body.once('error', (error) => {
    // A browser that disconnects is not a fault of the API.
    if (!ctx.res.closed) ctx.state.log.warn({ cause: describeError(error) }, 'the API aborted its response')
  })
  ctx.body = body
}
