import { readFileSync } from 'node:fs'
import { createMetrics, measurePropagation, measureVerifier } from '@countersign/service-kit'
import { describe, expect, test } from 'vitest'
import { createIssuerMetrics } from '../../services/auth-service/src/metrics.ts'
import { createBffMetrics } from '../../services/bff-service/src/metrics.ts'

describe('docs/metrics.md', () => {
  test('names every metric of the services with its type, and no other', async () => {
    const metrics = createMetrics('test')
    measurePropagation(metrics)
    measureVerifier(metrics, {
      status: () => ({ keys: { count: 1, ageSeconds: 1 }, revocations: null, cachedTokens: 0 })
    })
    createIssuerMetrics({
      registry: metrics.registry,
      countPendingRevocations: async () => 0,
      countFeedStreams: () => 0
    })
    createBffMetrics(metrics.registry)
    const made = (await metrics.registry.getMetricsAsJSON())
      .filter(({ name }) => /^(countersign|http)_/.test(name))
      .map(({ name, type }) => `${name} ${type}`)
    const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
    const documented = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`)
    expect(documented.sort()).toEqual(made.sort())
  })
})
