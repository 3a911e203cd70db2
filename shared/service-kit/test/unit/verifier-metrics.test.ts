import { describe, expect, it } from 'vitest'
import { createMetrics, type MeasuredVerifier, measureVerifier } from '../../src/index.ts'

const setUp = (status: ReturnType<MeasuredVerifier['status']>) => {
  const metrics = createMetrics('test')
  measureVerifier(metrics, { status: () => status })
  return async () => {
    const lines = (await metrics.registry.metrics()).split('\n').filter((line) => /^countersign_(?!build)/.test(line))
    return Object.fromEntries(lines.map((line) => line.replace(/\{service="test"\}|,service="test"/, '').split(' ')))
  }
}

describe('the metrics of a verifier', () => {
  it('show what it knows at each scrape, and its counts as they are', async () => {
    const fetches = { changed: 1, unchanged: 7, failed: 2, refused: 3 }
    const scrape = setUp({
      keys: { count: 2, ageSeconds: 1.5, consecutiveFailures: 4, ignoredKeys: 5, fetches },
      revocations: { entries: 6, stalenessSeconds: 0.25 },
      cachedTokens: 8
    })
    await scrape()
    fetches.refused = 4
    expect(await scrape()).toEqual({
      'countersign_key_set_fetches_total{outcome="changed"}': '1',
      'countersign_key_set_fetches_total{outcome="unchanged"}': '7',
      'countersign_key_set_fetches_total{outcome="failed"}': '2',
      'countersign_key_set_fetches_total{outcome="refused"}': '4',
      countersign_key_set_age_seconds: '1.5',
      countersign_key_set_consecutive_failures: '4',
      countersign_key_set_ignored_keys: '5',
      countersign_key_set_keys: '2',
      countersign_revocation_view_age_seconds: '0.25',
      countersign_revocation_view_entries: '6',
      countersign_verified_token_cache_entries: '8'
    })
  })

  it('omit unknown values, rather than show 0', async () => {
    const scrape = setUp({ keys: { count: 0, ageSeconds: null }, revocations: null, cachedTokens: 0 })
    expect(await scrape()).toEqual({
      countersign_key_set_keys: '0',
      countersign_verified_token_cache_entries: '0'
    })
  })
})
