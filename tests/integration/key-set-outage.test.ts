import { createTestIssuer } from '@countersign/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { followIssuer, respondJson, startHostileIssuer } from './fixtures/hostile-issuer.ts'

const outageSeconds = 6 * 3600

// The clocks of the verifier and of its tokens, and its timers: hours pass in seconds. The connections are real.
beforeAll(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }))
afterAll(() => void vi.useRealTimers())

describe('an issuer that is gone for hours', () => {
  test('fails no valid request, and gets no more requests than the back-off allows', async () => {
    const issuer = await createTestIssuer()
    const server = await startHostileIssuer(respondJson(issuer.jwks(), { 'Cache-Control': 'max-age=30' }))
    let attempts = 0
    let underWay: Promise<unknown> = Promise.resolve()
    const fetch: typeof globalThis.fetch = (url, init) => {
      attempts++
      const response = globalThis.fetch(url, init)
      underWay = response.catch(() => {})
      return response
    }
    const followed = followIssuer(issuer, server.jwksUri, fetch)
    await followed.verifier.ready()
    await server.close()
    const beganAt = performance.now()
    const attemptsBefore = attempts

    while (performance.now() - beganAt < outageSeconds * 1000) {
      await underWay
      await new Promise(setImmediate)
      await vi.advanceTimersToNextTimerAsync()
    }

    const { keys } = followed.verifier.status()
    expect(keys.ageSeconds).toBeGreaterThanOrEqual(outageSeconds)
    const codes = await Promise.all(Array.from({ length: 500 }, () => followed.codeOf(issuer.mint())))
    expect(codes.filter((code) => code === 'good')).toHaveLength(500)

    // A dozen while it doubles, then one in 15 to 30 seconds.
    const failed = attempts - attemptsBefore
    expect(failed).toBeGreaterThanOrEqual(outageSeconds / 30)
    expect(failed).toBeLessThanOrEqual(12 + outageSeconds / 15)
    expect(await followed.scrapeFetches()).toMatchObject({ changed: 1, refused: 0, failed: keys.consecutiveFailures })
    expect(followed.warnings.length).toBeLessThanOrEqual(12)
    await followed.verifier.close()
  })
})
