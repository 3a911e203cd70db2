import { median, round } from '../statistics.ts'
import { interleave, type Outcome, type SuiteContext } from '../suite.ts'
import { compareSizes, name } from './compare-sizes.ts'
import { runScript } from './run-script.ts'

interface ViewSize {
  readonly bytesPerEntry: number
  readonly nanoseconds: number
}

/** The bare look-up of a random token in the view, and the memory of an entry. For information: no goal. */
export async function measureLookUps({ isQuick, progress }: SuiteContext, sizes: readonly number[]): Promise<Outcome> {
  const rounds = isQuick ? 1 : 5
  progress(`bare look-ups: ${rounds} rounds`)
  const found = await interleave(sizes, rounds, (size) => runScript<ViewSize>('view-size.js', size))
  const times = [...found].map(([size, samples]) => [size, samples.map(({ nanoseconds }) => nanoseconds)] as const)
  const [first, ...others] = compareSizes('time of a bare look-up', 'median_ns', new Map(times), false)
  const largest = found.get(sizes.at(-1) as number) ?? []
  const why = {
    note: 'a random token finds its part of a large table in no cache of the processor. It is a small part of a verification.'
  }
  const memory = {
    name: `memory of a view with ${name(sizes.at(-1) as number)} entries`,
    figures: { bytes_per_entry: round(median(largest.map(({ bytesPerEntry }) => bytesPerEntry))) }
  }
  return {
    measurements: [...(first ? [first] : []), ...others.map((measurement) => ({ ...measurement, ...why })), memory]
  }
}
