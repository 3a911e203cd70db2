import { median, round } from '../statistics.ts'
import { type Measurement, type Outcome, type Profile, ratioOfRounds } from '../suite.ts'
import { verdictOf } from '../suite-record.ts'

/** How much growing from 10^3 to 10^6 may cost. */
const goal = { atMost: 1.2 } as const

/**
 * The cost at each larger size against that at the smallest, divided within each round. The goal is for the largest.
 * @param unit of the samples, as in the names of the figures: `median_ms`
 */
export function compareSizes(
  what: string,
  unit: string,
  samples: ReadonlyMap<number, readonly number[]>,
  isJudged = true
): Measurement[] {
  const [[smallest, base], ...others] = [...samples] as [[number, number[]], ...[number, number[]][]]
  return others.map(([size, rounds], i) => ({
    name: `${what} at ${name(size)}`,
    ratio: ratioOfRounds(rounds, base, `at ${name(smallest)}`),
    figures: { [`large_${unit}`]: round(median(rounds)), [`small_${unit}`]: round(median(base)) },
    ...(isJudged && i === others.length - 1 ? { goal } : {})
  }))
}

/** `1,000,000` */
export function name(size: number): string {
  return size.toLocaleString('en')
}

/** Adds a profile of each side when a goal was missed. */
export async function withProfiles<S>(
  measurements: readonly Measurement[],
  sides: readonly S[],
  profile: (side: S) => Promise<Profile>
): Promise<Outcome> {
  const profiles: Profile[] = []
  if (measurements.some((measurement) => verdictOf(measurement) === 'short')) {
    for (const side of sides) profiles.push(await profile(side))
  }
  return { measurements, profiles }
}
