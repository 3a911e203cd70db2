import { readTestEnvironment } from '@countersign/testing'

const environment = process.env
const { isSoak } = readTestEnvironment()

/**
 * The amount of randomness: `CHAOS_RUNS` schedules of `CHAOS_DEPTH` steps, and `CHAOS_RACES` repetitions of each race.
 * The schedules of refresh tokens are numbered from `CHAOS_SEED` on; `CHAOS_COMPARED_RUNS` of them run on Postgres too.
 * `CHAOS_SEED` and `CHAOS_PATH` replay the schedule for which a failure printed them. `npm run test:soak` has more of all.
 */
export const budget = Object.freeze({
  runs: number('CHAOS_RUNS') ?? (isSoak ? 1000 : 18),
  depth: number('CHAOS_DEPTH') ?? 40,
  races: number('CHAOS_RACES') ?? (isSoak ? 20 : 1),
  /** Schedules of parties on the model of the refresh rule, and those that Postgres decides as well. */
  refreshRuns: number('CHAOS_RUNS') ?? (isSoak ? 100_000 : 20_000),
  comparedRuns: number('CHAOS_COMPARED_RUNS') ?? (isSoak ? 200 : 10),
  /** Whether operations are also killed after each step, which leaves the stores as before the next one. */
  killsAfterEachStep: isSoak,
  seed: number('CHAOS_SEED'),
  path: environment.CHAOS_PATH || undefined
})

function number(name: string): number | undefined {
  const text = environment[name]
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  if (!Number.isInteger(value)) throw new TypeError(`${name} must be a whole number`)
  return value
}
