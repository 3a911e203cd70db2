/** Health and metrics, on a port of their own that is not reachable from outside. */
import { createServer } from 'node:http'
import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import { respondToErrors } from './error-handler.ts'
import { addManagementRoutes, type HealthCheck, type ServicePhase } from './health.ts'
import { drain, startListening } from './listening.ts'
import type { Logger } from './logger.ts'
import type { HttpMetrics } from './metrics.ts'
import { respondToProtocolErrors } from './protocol-errors.ts'
import { setRequestContext } from './request-context.ts'
import { requireOneHost } from './require-one-host.ts'
import { rejectUnmatched } from './unmatched.ts'

export interface ManagementOptions {
  readonly host: string
  /** 0 uses a free port. */
  readonly port: number
  readonly logger: Logger
  readonly metrics: HttpMetrics
  readonly healthChecks: readonly HealthCheck[]
}

export interface ManagementServer {
  /** Where it listens; known after `listen`. */
  readonly url: string
  /** @throws {StartError} when the port cannot be used */
  listen(): Promise<void>
  readonly phase: ServicePhase
  /** A service is ready while it serves, if its checks succeed. */
  setPhase(phase: ServicePhase): void
  close(): Promise<void>
}

/** A probe and a scrape take milliseconds; if one takes longer, it is stuck. */
const requestTimeoutMs = 5_000
const maxConnections = 100
const drainTimeoutMs = 1_000

export function createManagementServer(options: ManagementOptions): ManagementServer {
  let phase: ServicePhase = 'starting'
  let url = ''
  const app = createApp(options, () => phase)
  const server = createServer(
    {
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 75_000
    },
    app.callback()
  )
  server.maxConnections = maxConnections
  respondToProtocolErrors(server)
  const { host, port } = options
  return {
    get url() {
      return url
    },
    async listen() {
      const variables = { hostVariable: 'MANAGEMENT_HOST', portVariable: 'MANAGEMENT_PORT' }
      url = await startListening(server, { host, port, ...variables })
    },
    get phase() {
      return phase
    },
    setPhase(next) {
      phase = next
    },
    close: () => drain(server, drainTimeoutMs)
  }
}

function createApp({ logger, metrics, healthChecks }: ManagementOptions, phase: () => ServicePhase): Koa {
  const app = new Koa()
  app.silent = true
  app.on('error', () => {}) // a prober that disconnects is no fault
  const router = new Router({ sensitive: true })
  addManagementRoutes(router, { checks: healthChecks, metrics, phase })
  app.use(setRequestContext({ logger, takesRequestIds: true }))
  app.use(logRequest)
  app.use(respondToErrors())
  app.use(requireOneHost)
  app.use(router.routes())
  app.use(rejectUnmatched(router))
  return app
}

const logRequest: Middleware = async (ctx, next) => {
  await next()
  ctx.state.log.debug({ path: ctx._matchedRoute ?? 'unmatched', status: ctx.status }, 'management request')
}
