import { readFileSync } from 'node:fs'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface HttpMetrics {
  readonly registry: Registry
  /** Records one completed request; `route` is the pattern, never the path. */
  observeRequest(labels: { method: string; route: string; status: number }, seconds: number): void
}

/** All packages of a release have the same version. */
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** A separate registry for each service, so that three services can run in one process. */
export function createMetrics(service: string): HttpMetrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'countersign_build_info',
    help: 'Always 1. Its labels say which version of Countersign runs, on which version of Node.',
    labelNames: ['version', 'node'],
    registers: [registry]
  }).set({ version, node: process.versions.node }, 1)
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help:
      'Time from the request line to the end of the response. route is a pattern, never a path. Requests to the management port ' +
      'are not counted. status 499: a browser left before an API responded.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry]
  })
  return {
    registry,
    observeRequest: ({ method, route, status }, seconds) =>
      durations.observe({ method, route, status: String(status) }, seconds)
  }
}
