import { describe, expect, test } from 'vitest'
import { compareSizes, withProfiles } from '../../src/growth/compare-sizes.ts'

const samples = new Map([
  [1000, [10, 20, 10]],
  [100_000, [11, 22, 11]],
  [1_000_000, [13, 26, 13]]
])

describe('the cost of growth', () => {
  test('is that of each larger size against the smallest, and the goal is for the largest', () => {
    const [middle, large] = compareSizes('a refresh', 'median_ms', samples)
    expect(middle).toMatchObject({ name: 'a refresh at 100,000', ratio: { value: 1.1, against: 'at 1,000' } })
    expect(middle?.goal).toBeUndefined()
    expect(large).toMatchObject({
      name: 'a refresh at 1,000,000',
      ratio: { value: 1.3 },
      figures: { large_median_ms: 13, small_median_ms: 10 },
      goal: { atMost: 1.2 }
    })
  })

  test('has no goal where it is given for information', () => {
    for (const { goal } of compareSizes('a look-up', 'median_ns', samples, false)) expect(goal).toBeUndefined()
  })

  test('comes with a profile of each side when the goal was missed, and only then', async () => {
    const profile = async (side: string) => ({ name: side, functions: [] })
    const short = await withProfiles(compareSizes('a refresh', 'median_ms', samples), ['small', 'large'], profile)
    expect(short.profiles?.map(({ name }) => name)).toEqual(['small', 'large'])
    const [first] = [...samples] as [[number, number[]]]
    const met = await withProfiles(
      compareSizes('a refresh', 'ms', new Map([first, [5000, first[1]]])),
      ['small'],
      profile
    )
    expect(met.profiles).toEqual([])
    expect(met.measurements).toHaveLength(1)
  })
})
