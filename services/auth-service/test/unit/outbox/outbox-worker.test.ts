import { describe, expect, test } from 'vitest'
import { retryPause } from '../../../src/outbox/outbox-worker.ts'

describe('the pause before the next attempt', () => {
  test.each([
    [1, 10],
    [2, 20],
    [5, 160],
    [9, 2560],
    [10, 3600],
    [1000, 3600]
  ])('after attempt %i is at most %i seconds, and at least half of that', (attempt, seconds) => {
    expect(retryPause(attempt, () => 0)).toBe(seconds)
    expect(retryPause(attempt, () => 1)).toBe(seconds / 2)
  })
})
