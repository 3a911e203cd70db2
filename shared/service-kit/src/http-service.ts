import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { TemporarilyUnavailableError } from '@countersign/oauth'
import type Router from '@koa/router'
import Koa, { type Context, type Middleware } from 'koa'
import { respondToErrors } from './error-handler.ts'
import { trustForwarder } from './forwarder.ts'
import type { HealthCheck } from './health.ts'
import { drain, startListening } from './listening.ts'
import { describeError, type Logger } from './logger.ts'
import { createManagementServer } from './management-server.ts'
import type { HttpMetrics } from './metrics.ts'
import { respondToProtocolErrors } from './protocol-errors.ts'
import { RememberingRouter } from './remembering-router.ts'
import { recordRequests, setRequestContext } from './request-context.ts'
import { requireOneHost } from './require-one-host.ts'
import type { Secret } from './secret.ts'
import { StartError } from './start-error.ts'
import { rejectUnmatched } from './unmatched.ts'
import { routeUpgrades } from './upgrades.ts'

export interface HttpServiceOptions {
  host: string
  /** 0 uses a free port. */
  port: number
  /** Where health and metrics are served. Default: as `host`. */
  managementHost?: string | undefined
  /** 0 uses a free port. */
  managementPort: number
  /** How many reverse proxies in front are trusted to append to `X-Forwarded-For`. */
  trustedProxyHops: number
  /** The secret of a service that calls for browsers, which is trusted to name their addresses. */
  forwarderKey?: Secret | undefined
  /** Whether a caller may choose the request id for all logs. Default: yes, so that services share one. */
  takesRequestIds?: boolean
  logger: Logger
  metrics: HttpMetrics
  healthChecks: readonly HealthCheck[]
  /** Whether requests are accepted at all; while they are not, each gets 503. Default: always. */
  isOpen?: () => boolean
  /** Adds the service's own routes. */
  addRoutes(router: Router): void
  /** Called when no route matches, before 404 and 405. */
  respondToUnmatched?: Middleware
  /** Whether a route may take the connection of a request for another protocol, by `takeConnection`. Default: no. */
  takesUpgrades?: boolean
  /** Called when no more requests are taken: ends responses that would go on for ever. */
  onDraining?: () => void
  /** Run in order once requests are drained: they close stores and followers. One that fails does not stop the next. */
  closeStores: readonly (() => unknown)[]
  /** How long a request may take to arrive, in milliseconds. Default 30,000. */
  requestTimeoutMs?: number
  /** How long its headers may take, in milliseconds. Default 10,000. */
  headersTimeoutMs?: number
  /** How long a service that stops still accepts requests, in seconds: until every load balancer has seen that it is not ready. */
  shutdownDelaySeconds: number
  /** How long it then waits for running requests, in milliseconds. */
  drainTimeoutMs?: number
}

/** A service that can be started and stopped. */
export interface Service {
  /** Where it listens, such as `http://127.0.0.1:4000`; known after `listen`. */
  readonly url: string
  /** Where its health and metrics are; known after `listen`. */
  readonly managementUrl: string
  /** @throws {StartError} when a port cannot be used */
  listen(): Promise<void>
  /**
   * Loses no request: it is no longer ready and closes its connections, one after each response; then it stops accepting
   * requests, waits for running ones, and closes the stores and at last the management port.
   * @param hurry ends the time in which requests are still accepted
   */
  close(hurry?: AbortSignal): Promise<void>
}

/** The common frame of each service: request id, log, metrics, errors, limits, a management port, and an orderly stop. */
export function createHttpService(options: HttpServiceOptions): Service {
  const { logger, metrics, requestTimeoutMs = 30_000, headersTimeoutMs = 10_000 } = options
  const management = createManagementServer({
    ...options,
    host: options.managementHost ?? options.host,
    port: options.managementPort
  })
  const app = createApp(options, () => management.phase === 'stopping')
  const server = createServer(
    {
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs, requestTimeoutMs) * 0.3,
      keepAliveTimeout: 75_000
    },
    app.callback()
  )
  server.maxHeadersCount = 0 // Node would silently drop headers beyond its count; their total size is limited anyway
  respondToProtocolErrors(server)
  const upgraded = options.takesUpgrades ? routeUpgrades(server, app.callback()) : undefined
  let url = ''
  return {
    get url() {
      return url
    },
    get managementUrl() {
      return management.url
    },
    async listen() {
      const { host, port, managementPort } = options
      if (port !== 0 && port === managementPort) {
        throw new StartError(`PORT and MANAGEMENT_PORT must differ; both are ${port}.`)
      }
      await management.listen()
      url = await startListening(server, { host, port, hostVariable: 'HOST', portVariable: 'PORT' })
      management.setPhase('serving')
      logger.info({ management_url: management.url, url }, 'listening')
    },
    async close(hurry) {
      management.setPhase('stopping')
      await setTimeout(options.shutdownDelaySeconds * 1000, undefined, { signal: hurry }).catch(() => {})
      options.onDraining?.()
      upgraded?.endAll()
      await drain(server, options.drainTimeoutMs ?? 10_000)
      for (const close of options.closeStores) {
        try {
          await close()
        } catch (error) {
          logger.warn({ cause: describeError(error) }, 'closing failed')
        }
      }
      await management.close()
      metrics.registry.clear()
      logger.info('closed')
    }
  }
}

function createApp(options: HttpServiceOptions, isStopping: () => boolean): Koa {
  const app = new Koa({ proxy: options.trustedProxyHops > 0, maxIpsCount: options.trustedProxyHops })
  app.silent = true
  app.on('error', (error: unknown, ctx?: Context) => logUndelivered(options.logger, error, ctx))
  const router = new RememberingRouter({ sensitive: true })
  options.addRoutes(router)
  app.use(letGoOfConnections(isStopping))
  app.use(setRequestContext({ logger: options.logger, takesRequestIds: options.takesRequestIds ?? true }))
  if (options.forwarderKey) app.use(trustForwarder(options.forwarderKey))
  app.use(recordRequests(options))
  app.use(respondToErrors())
  app.use(requireOneHost)
  app.use(setSecurityHeaders)
  if (options.isOpen) app.use(rejectWhileClosed(options.isOpen))
  app.use(router.routes())
  if (options.respondToUnmatched) app.use(options.respondToUnmatched)
  app.use(rejectUnmatched(router))
  return app
}

/** A response that has started ends early when its client disconnects, which is normal; one that has not is a fault of ours. */
function logUndelivered(logger: Logger, error: unknown, ctx: Context | undefined): void {
  const log: Logger = ctx?.state.log ?? logger
  const hasBegun = ctx?.headerSent || ctx?.status === 101
  log[hasBegun ? 'info' : 'warn']({ cause: describeError(error) }, 'response not delivered')
}

/** While the service stops, each response closes its connection, so that the client's next request reaches another replica. */
function letGoOfConnections(isStopping: () => boolean): Middleware {
  return async function letGoOfConnections(ctx, next) {
    await next()
    if (isStopping()) ctx.set('Connection', 'close')
  }
}

function rejectWhileClosed(isOpen: () => boolean): Middleware {
  return function rejectWhileClosed(_, next) {
    if (!isOpen()) throw new TemporarilyUnavailableError({ detail: 'this service is not ready' })
    return next()
  }
}

function setSecurityHeaders(ctx: Context, next: () => Promise<void>): Promise<void> {
  ctx.set('X-Content-Type-Options', 'nosniff')
  ctx.set('Referrer-Policy', 'no-referrer')
  return next()
}
