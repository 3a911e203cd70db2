import { describe, expect, test } from 'vitest'
import { compareProcessorTimes, compareRates, roundsOf } from '../../src/refresh/compare-refreshes.ts'
import type { RefreshContestant } from '../../src/refresh/refresh-contestant.ts'
import type { RefreshRound, Turn } from '../../src/refresh/refresh-rounds.ts'

const contestant = (name: string) => ({ name }) as RefreshContestant
const rounds = (...all: Partial<RefreshRound>[]) => all as unknown as RefreshRound[]
const [ours, limit] = [contestant('ours'), contestant('the limit')]

/** Each contestant with one and with sixteen sessions, two rounds each. */
function found(
  { ofLimit }: { ofLimit: number | undefined } = { ofLimit: 100 }
): ReadonlyMap<Turn, readonly RefreshRound[]> {
  const both = (perSecond: number, serviceCpuMicros: number | undefined) =>
    rounds({ perSecond, serviceCpuMicros }, { perSecond: 2 * perSecond, serviceCpuMicros })
  return new Map([
    [{ contestant: ours, sessions: 1 }, both(50, 130)],
    [{ contestant: limit, sessions: 1 }, both(100, ofLimit)],
    [{ contestant: ours, sessions: 16 }, both(900, 120)],
    [{ contestant: limit, sessions: 16 }, both(1000, ofLimit)]
  ])
}

describe('refreshes of two contestants', () => {
  test('are compared within each round, with as many sessions', () => {
    expect(compareRates('refresh', found(), ours, limit, 1).ratio).toMatchObject({ value: 0.5, against: 'the limit' })
    const sixteen = compareRates('refresh', found(), ours, limit, 16, { atLeast: 0.9 })
    expect(sixteen).toMatchObject({ ratio: { value: 0.9, rounds: 2 }, goal: { atLeast: 0.9 } })
    expect(sixteen.figures).toEqual({ ours_per_s: 1350, theirs_per_s: 1500 })
  })

  test('are not compared with sessions that were not measured', () => {
    expect(roundsOf(found(), ours, 64)).toEqual([])
    expect(() => compareRates('refresh', found(), ours, limit, 64)).toThrow(TypeError)
  })

  test('are compared by processor time, where the machine tells it', () => {
    const [line] = compareProcessorTimes('time', found(), ours, limit, 16, { atMost: 1.25 })
    expect(line).toMatchObject({ ratio: { value: 1.2 }, figures: { our_us: 120, their_us: 100 } })
    expect(compareProcessorTimes('time', found({ ofLimit: undefined }), ours, limit, 16)).toEqual([])
  })
})
