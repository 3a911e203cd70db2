import { randomUUID } from 'node:crypto'
import type { Context, Middleware } from 'koa'
import type { Logger } from './logger.ts'
import type { HttpMetrics } from './metrics.ts'

const acceptableRequestId = /^[\w.-]{1,64}$/

/** The state of every request from its first middleware on. */
export interface RequestState {
  readonly requestId: string
  /** Logs with the request's id. */
  readonly log: Logger
}

export interface RequestContextOptions {
  readonly logger: Logger
  /** Whether a caller may choose the request's id. */
  readonly takesRequestIds: boolean
}

/** Gives each request an id (the caller's `X-Request-Id` if that is allowed and valid) and a logger with that id. */
export function setRequestContext({ logger, takesRequestIds }: RequestContextOptions): Middleware {
  return function setRequestContext(ctx, next) {
    const offered = takesRequestIds ? ctx.get('X-Request-Id') : ''
    const requestId = acceptableRequestId.test(offered) ? offered : randomUUID()
    ctx.state = new LoggedRequest(requestId, logger)
    ctx.set('X-Request-Id', requestId)
    return next()
  }
}

/** Its logger is made only for the few requests that log more than the one line of every request. */
class LoggedRequest implements RequestState {
  readonly requestId: string
  readonly #logger: Logger
  #log: Logger | undefined

  constructor(requestId: string, logger: Logger) {
    this.requestId = requestId
    this.#logger = logger
  }

  get log(): Logger {
    this.#log ??= this.#logger.child({ request_id: this.requestId })
    return this.#log
  }
}

/** Logs and measures each response under its route's pattern: a path or query may contain secrets. */
export function recordRequests({ logger, metrics }: { logger: Logger; metrics: HttpMetrics }): Middleware {
  return async function recordRequests(ctx, next) {
    const start = performance.now()
    await next()
    const route = matchedRoute(ctx)
    const seconds = (performance.now() - start) / 1000
    metrics.observeRequest({ method: knownMethod(ctx.method), route, status: ctx.status }, seconds)
    const fields = {
      request_id: ctx.state.requestId,
      method: knownMethod(ctx.method),
      route,
      status: ctx.status,
      duration_ms: Math.round(seconds * 1e4) / 10
    }
    logger.info(fields, 'request')
  }
}

function matchedRoute(ctx: Context): string {
  const route: unknown = ctx._matchedRoute
  return typeof route === 'string' ? route : 'unmatched'
}

/** A method is a label of the metrics: an invented one must not create a new time series. */
function knownMethod(method: string): string {
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].includes(method) ? method : 'other'
}
