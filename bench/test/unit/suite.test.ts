import { describe, expect, test } from 'vitest'
import { interleave, ratioOfRounds } from '../../src/suite.ts'

describe('interleaved rounds', () => {
  test('every contestant is measured once in each round, each round begins with another one', async () => {
    const order: string[] = []
    const found = await interleave(['a', 'b', 'c'], 3, async (contestant, round) => {
      order.push(contestant + round)
      return contestant + round
    })
    expect(order).toEqual(['a0', 'b0', 'c0', 'b1', 'c1', 'a1', 'c2', 'a2', 'b2'])
    expect(found.get('b')).toEqual(['b0', 'b1', 'b2'])
  })

  test('a ratio is taken within each round, so that a slow round of the machine does not count', () => {
    const ratio = ratioOfRounds([10, 300, 200], [10, 100, 50], 'theirs')
    expect(ratio).toEqual({ value: 3, min: 1, max: 4, rounds: 3, against: 'theirs' })
  })

  test('sides with other numbers of rounds are not compared', () => {
    expect(() => ratioOfRounds([1, 2], [1], 'theirs')).toThrow(TypeError)
    expect(() => ratioOfRounds([], [], 'theirs')).toThrow(TypeError)
  })
})
