import { median, round } from '../statistics.ts'
import { type Measurement, ratioOfRounds } from '../suite.ts'

/** What growing from 10^3 to 10^6 may cost. */
const goal = { atMost: 1.2 } as const

/**
 * The cost at each larger size against that at the smallest, divided within each round. The goal is for the largest.
 * @param unit of the samples, as it stands in the figures' names: `median_ms`
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

function name(size: number): string {
  return size.toLocaleString('en')
}
