import { interleave, type Measurement, type SuiteContext } from '../suite.ts'
import { compareSizes } from './compare-sizes.ts'
import { runScript } from './run-script.ts'

/** `verifier.verify` of a remembered token alone, each round of each size in a process of its own. */
export async function measureVerify(
  { isQuick, progress }: SuiteContext,
  sizes: readonly number[]
): Promise<Measurement[]> {
  const rounds = isQuick ? 1 : 5
  progress(`verify alone: ${rounds} rounds`)
  const found = await interleave(sizes, rounds, async (size) => {
    const { nanoseconds } = await runScript<{ nanoseconds: number }>('verify-cost.js', size)
    return nanoseconds
  })
  return compareSizes('time of `verify` alone', 'median_ns', found)
}
