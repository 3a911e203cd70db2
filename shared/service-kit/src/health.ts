import type Router from '@koa/router'
import { setJson } from './json-response.ts'
import type { HttpMetrics } from './metrics.ts'

/** A dependency of a service. `required` ones decide whether it gets traffic; the others only degrade it. */
export interface HealthCheck {
  readonly name: string
  readonly required: boolean
  /** Resolves to whether it works; a rejection counts as false. */
  check(): Promise<boolean> | boolean
}

const checkTimeoutMs = 1000

/** The state of a service: it accepts requests while it serves. */
export type ServicePhase = 'starting' | 'serving' | 'stopping'

export interface ManagementRouteDeps {
  readonly checks: readonly HealthCheck[]
  readonly metrics: HttpMetrics
  phase(): ServicePhase
}

/**
 * `GET /health/live` (the process responds), `GET /health/ready` (it can work: 200, or 503 with the checks), and `GET
 * /metrics`. A service that starts or stops is alive and not ready.
 */
export function addManagementRoutes(router: Router, { checks, metrics, phase }: ManagementRouteDeps): void {
  router.get('/health/live', (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    setJson(ctx, JSON.stringify({ status: 'ok' }))
  })
  router.get('/health/ready', async (ctx) => {
    const readiness = phase() === 'serving' ? await runChecks(checks) : { status: phase(), checks: {} }
    ctx.status = ['ok', 'degraded'].includes(readiness.status) ? 200 : 503
    ctx.set('Cache-Control', 'no-store')
    setJson(ctx, JSON.stringify(readiness))
  })
  router.get('/metrics', async (ctx) => {
    ctx.set('Cache-Control', 'no-store')
    ctx.type = metrics.registry.contentType
    ctx.body = await metrics.registry.metrics()
  })
}

async function runChecks(checks: readonly HealthCheck[]) {
  const results = await Promise.all(checks.map(async (check) => ({ ...check, ok: await settle(check) })))
  const isReady = results.every(({ ok, required }) => ok || !required)
  return {
    status: !isReady ? 'unavailable' : results.every(({ ok }) => ok) ? 'ok' : 'degraded',
    checks: Object.fromEntries(results.map(({ name, ok }) => [name, ok ? 'ok' : 'failing']))
  }
}

async function settle(check: HealthCheck): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, checkTimeoutMs, false)
  })
  try {
    return await Promise.race([check.check(), tooLate])
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
