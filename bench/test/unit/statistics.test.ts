import { describe, expect, test } from 'vitest'
import { areaUnderCurve, median, percentile, percentiles, round } from '../../src/statistics.ts'

describe('the statistics of samples', () => {
  test('a percentile is the nearest rank of the sorted samples', () => {
    const samples = Array.from({ length: 100 }, (_, i) => 100 - i)
    expect(percentiles(samples, [0, 1, 50, 99, 100])).toEqual([1, 1, 50, 99, 100])
    expect(percentiles([1, 2, 3], [50, 67])).toEqual([2, 3])
  })

  test('samples are ordered as numbers, and stay in their order', () => {
    const samples = [10, 9, 100]
    expect(percentile(samples, 100)).toBe(100)
    expect(samples).toEqual([10, 9, 100])
  })

  test('the area under the curve is 0.5 for samples that are alike, and 1 for those that are apart', () => {
    expect(areaUnderCurve([1, 2, 3], [3, 2, 1])).toBe(0.5)
    expect(areaUnderCurve([5, 6], [1, 2, 3])).toBe(1)
    expect(areaUnderCurve([1, 2], [5, 6])).toBe(1)
    expect(areaUnderCurve([1, 4], [2, 3, 3, 0])).toBe(0.625)
  })

  test('the median of an even count is the mean of both middle samples', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([3, 1, 2])).toBe(2)
  })

  test('no samples have no percentile and no median', () => {
    expect(percentile([], 50)).toBeNaN()
    expect(median([])).toBeNaN()
  })

  test('a figure has three significant digits', () => {
    expect([0.98765, 1234.5, 2]).toSatisfy((values: number[]) => {
      expect(values.map(round)).toEqual([0.988, 1230, 2])
      return true
    })
  })
})
