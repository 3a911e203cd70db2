import type { HttpMetrics } from '@countersign/service-kit'
import { Counter, Gauge } from 'prom-client'

/** What the bff-service counts; `npm run docs` writes it into docs/metrics.md. */
export interface BffMetrics {
  countSession(event: 'started' | 'signed_out'): void
  countRefresh(outcome: 'refreshed' | 'ended' | 'failed'): void
}

/** @param countLive how many WebSockets and event streams are open now */
export function createBffMetrics(registry: HttpMetrics['registry'], countLive: () => number): BffMetrics {
  const sessions = new Counter({
    name: 'countersign_browser_sessions_total',
    help: 'Browser sessions: started, signed_out.',
    labelNames: ['event'],
    registers: [registry]
  })
  const refreshes = new Counter({
    name: 'countersign_browser_refreshes_total',
    help: 'Access tokens refreshed for browsers: refreshed; ended: the issuer has ended the session; failed: it did not respond, or refused for another reason.',
    labelNames: ['outcome'],
    registers: [registry]
  })
  new Gauge({
    name: 'countersign_browser_live_connections',
    help: 'WebSockets and event streams to APIs that are open now.',
    registers: [registry],
    collect() {
      this.set(countLive())
    }
  })
  return {
    countSession: (event) => sessions.inc({ event }),
    countRefresh: (outcome) => refreshes.inc({ outcome })
  }
}
