import { Counter, Gauge, Histogram } from 'prom-client'
import type { HttpMetrics } from './metrics.ts'

/** The measured state of a verifier; the status of an access-token verifier fits. */
export interface MeasuredVerifier {
  status(): {
    readonly keys: {
      readonly count: number
      readonly ageSeconds: number | null
      readonly consecutiveFailures?: number
      readonly ignoredKeys?: number
      /** Counts that never decrease, by outcome. */
      readonly fetches?: Readonly<Record<string, number>>
    }
    readonly revocations: { readonly entries: number; readonly stalenessSeconds: number | null } | null
    readonly cachedTokens: number
  }
}

type Status = ReturnType<MeasuredVerifier['status']>

const gauges: readonly [name: string, help: string, read: (status: Status) => number | null | undefined][] = [
  [
    'countersign_revocation_view_age_seconds',
    'Age of the view that the verifier has of the denylist; beyond REVOCATION_MAX_STALENESS_SECONDS the stale policy applies. Absent until the view was complete once.',
    ({ revocations }) => revocations?.stalenessSeconds
  ],
  [
    'countersign_revocation_view_entries',
    'Live denylist entries that the verifier knows.',
    ({ revocations }) => revocations?.entries
  ],
  [
    'countersign_key_set_age_seconds',
    'Time since the keys were last confirmed; beyond maxStaleKeysSeconds (24 h) the verifier stops using them.',
    ({ keys }) => keys.ageSeconds
  ],
  ['countersign_key_set_keys', 'Keys that the verifier uses.', ({ keys }) => keys.count],
  [
    'countersign_key_set_consecutive_failures',
    'Fetches of the key set that failed or were refused since the last successful one.',
    ({ keys }) => keys.consecutiveFailures
  ],
  [
    'countersign_key_set_ignored_keys',
    "Keys in the issuer's key set that are for another purpose.",
    ({ keys }) => keys.ignoredKeys
  ],
  ['countersign_verified_token_cache_entries', 'Verified tokens in the cache.', ({ cachedTokens }) => cachedTokens]
]

/** Makes the histogram of how long revocations take to reach this service; returns the function for a verifier to call for each. */
export function measurePropagation({ registry }: HttpMetrics): (seconds: number) => void {
  const histogram = new Histogram({
    name: 'countersign_revocation_propagation_seconds',
    help:
      'Time from the publication of a revocation until this verifier knows it, by the clock of Redis; 0 for what a replica ' +
      'of the issuer revokes itself. Entries that a verifier reads at its start, or when the feed is rewritten, are not counted.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry]
  })
  return (seconds) => histogram.observe(seconds)
}

/** Shows at each scrape what a verifier knows, how fresh that is, and the results of its fetches. */
export function measureVerifier({ registry }: HttpMetrics, verifier: MeasuredVerifier): void {
  for (const [name, help, read] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset()
        const value = read(verifier.status())
        if (typeof value === 'number') this.set(value)
        else this.remove()
      }
    })
  }
  new Counter({
    name: 'countersign_key_set_fetches_total',
    help:
      "Fetches of the issuer's key set. changed, unchanged; failed: no response in time, a redirect or a wrong status; refused: " +
      'not a clean key set, which no sound issuer sends. After the last two the known keys stay, and the log has the reason. ' +
      'Always 0 in the auth-service, which has its keys at hand.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      // The verifier counts by itself: its counts are shown as they are, not added to those of the last scrape.
      this.reset()
      for (const [outcome, count] of Object.entries(verifier.status().keys.fetches ?? {})) this.inc({ outcome }, count)
    }
  })
}
