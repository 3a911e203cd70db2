import { OAuthError } from '@countersign/oauth'
import type { Context } from 'koa'

/** 499, as in nginx: the browser disconnected before there was a response. Only the log and the metrics see it. */
export class ClientClosedRequestError extends OAuthError {
  readonly code = 'client_closed_request'
  readonly status = 499

  constructor() {
    super('The request was aborted.', { detail: 'the browser disconnected before the response' })
  }
}

/** @returns what is aborted when the browser disconnects before its response is complete */
export function abortedWithBrowser(ctx: Context): AbortController {
  const gone = new AbortController()
  const leave = () => gone.abort(new ClientClosedRequestError())
  ctx.res.once('close', leave)
  if (ctx.res.closed) leave()
  return gone
}
