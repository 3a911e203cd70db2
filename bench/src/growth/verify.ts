import { type CpuProfile, summariseProfile } from '../cpu-profile.ts'
import { root } from '../protected-route/stage.ts'
import { interleave, type Outcome, type SuiteContext } from '../suite.ts'
import { compareSizes, name, withProfiles } from './compare-sizes.ts'
import { runScript } from './run-script.ts'

/** `verifier.verify` of a remembered token alone, each round of each size in a process of its own. */
export async function measureVerify({ isQuick, progress }: SuiteContext, sizes: readonly number[]): Promise<Outcome> {
  const rounds = isQuick ? 1 : 5
  progress(`verify alone: ${rounds} rounds`)
  const found = await interleave(sizes, rounds, async (size) => {
    const { nanoseconds } = await runScript<{ nanoseconds: number }>('verify-cost.js', size)
    return nanoseconds
  })
  const measurements = compareSizes('time of `verify` alone', 'median_ns', found)
  return withProfiles(measurements, [sizes[0], sizes.at(-1)] as number[], async (size) => {
    const { profile } = await runScript<{ profile: CpuProfile }>('verify-cost.js', size, '--profile')
    return summariseProfile(`\`verify\` at ${name(size)}`, profile, root)
  })
}
