import { describe, expect, test } from 'vitest'
import { compareTimes, describeParts, steps } from '../../src/protected-route/difference.ts'

describe('where the difference of a protected route comes from', () => {
  test('is given as a ratio and in microseconds, both within each round', () => {
    const { ratio, figures } = compareTimes([12, 24, 33], [10, 20, 30], 'Koa')
    expect(ratio).toMatchObject({ value: 1.2, min: 1.1, max: 1.2, rounds: 3, against: 'Koa' })
    expect(figures).toEqual({ cpu_us: 24, more_us: 3 })
  })

  test('is split into steps with different names', () => {
    expect(new Set(steps.map(({ name }) => name)).size).toBe(steps.length)
  })

  test('is given for each step less the one before', () => {
    const parts =
      'a middleware 1, the adapter 0.5, the check 1, following the denylist -0.2, many tokens instead of one 2'
    expect(describeParts([1, 1.5, 2.5, 2.3, 4.3])).toBe(`each step less the one before, in microseconds: ${parts}`)
  })
})
