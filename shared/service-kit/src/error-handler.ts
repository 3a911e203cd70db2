import { FactorRequiredError, InvalidRequestError, OAuthError, ServerError } from '@countersign/oauth'
import type { Middleware } from 'koa'
import { setJson } from './json-response.ts'
import { describeError } from './logger.ts'

/** The body of every error. */
function errorBody(error: OAuthError): Record<string, unknown> {
  return {
    error: error.code,
    error_description: error.description,
    ...(error instanceof InvalidRequestError && error.issues ? { issues: error.issues } : {}),
    ...(error instanceof FactorRequiredError ? error.members : {})
  }
}

/**
 * The only place where an error becomes a response. An unknown error is 500 `server_error`, without its message. An error with
 * nothing more to say than its response is logged only in the line of its request.
 */
export function respondToErrors(): Middleware {
  return async function respondToErrors(ctx, next) {
    try {
      await next()
    } catch (thrown) {
      const error = thrown instanceof OAuthError ? thrown : new ServerError({ cause: thrown })
      ctx.status = error.status
      ctx.set(error.headers)
      ctx.set('Cache-Control', 'no-store')
      setJson(ctx, JSON.stringify(errorBody(error)))
      const hasMore = error.detail !== undefined || error.cause !== undefined || error instanceof ServerError
      if (!hasMore) return
      const fields = {
        error: error.code,
        ...(error.detail === undefined ? {} : { detail: error.detail }),
        ...(error.cause === undefined ? {} : { cause: describeError(error.cause) })
      }
      if (error.status >= 500) ctx.state.log.error(fields, error.description)
      else if (error.detail !== undefined) ctx.state.log.info(fields, error.description)
    }
  }
}
