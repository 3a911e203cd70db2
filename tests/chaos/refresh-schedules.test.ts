import { describe, expect, test } from 'vitest'
import { budget } from './budget.ts'
import { type Clocks, play, properties, type Schedule } from './refresh-parties.ts'
import { type RulePieces, rulePieces } from './refresh-rule.ts'

/** The rule alone, in virtual time, from the parties' point of view. refresh-rule-in-sql.test.ts compares it with Postgres. */

const settings = { retryWindow: 60, recovery: 86_400 }
const firstSeed = budget.seed ?? 1
const seeds = Array.from({ length: budget.refreshRuns }, (_, at) => firstSeed + at)

interface Failure {
  readonly property: string
  readonly seed: number
  readonly schedule: Schedule
}

/** Plays schedules until one breaks a property; every other one has a thief. */
function findFailure(pieces: RulePieces = rulePieces, clocks: Clocks = 'database'): Failure | undefined {
  for (const seed of seeds) {
    const schedule = play(seed, { settings, pieces, clocks, hasThief: seed % 2 === 1 })
    for (const [property, holds] of Object.entries(properties)) {
      if (!holds(schedule, settings.retryWindow)) return { property, seed, schedule }
    }
  }
  return undefined
}

describe('refreshes under any schedule of owners and thieves', () => {
  test.each(Object.entries(properties))('%s', (property, holds) => {
    const hasThief = !property.includes('without')
    let outcomes = 0
    for (const seed of seeds) {
      const schedule = play(seed, { settings, hasThief })
      if (!holds(schedule, settings.retryWindow)) throw new Error(`CHAOS_SEED=${seed} CHAOS_RUNS=1 breaks it`)
      outcomes += schedule.presentations.length
    }
    expect(outcomes).toBeGreaterThan(seeds.length)
  })

  /** Each is the rule with one piece changed. Without its mutation a property might prove nothing. */
  const mutations: readonly [name: string, pieces: Partial<RulePieces>, clocks?: Clocks][] = [
    ['of a burst of one window', { burstWindows: 1 }],
    ['of a burst of many windows', { burstWindows: 40 }],
    ['that skips nothing', { skips: false }],
    ['that skips without listing', { listedWindows: 0 }],
    ['that lists whatever it skips', { listedWindows: 1000 }],
    ['with too short a list', { longestList: 3 }],
    ['that knows the last use alone', { longestList: 1 }],
    ['that knows the time of the first use', { renewsUses: false }],
    ["by the replicas' own clocks, which are a minute apart", {}, 'replicas']
  ]

  test.each(mutations)('a rule %s is caught', (_, pieces, clocks) => {
    expect(findFailure({ ...rulePieces, ...pieces }, clocks)).toBeDefined()
  })
})
