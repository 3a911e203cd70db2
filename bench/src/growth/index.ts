import type { Outcome, Suite } from '../suite.ts'
import { measureLookUps } from './look-ups.ts'
import { measureRefresh } from './refresh.ts'
import { measureRoute } from './route.ts'
import { measureVerify } from './verify.ts'

/** Live sessions and revocations; the others are compared with the first. */
const sizes = [1000, 100_000, 1_000_000] as const
const quickSizes = [100, 1000, 10_000] as const

/** The cost of a refresh and of verifying a request with many live sessions and revocations. */
export const growth: Suite = {
  name: 'growth',
  summary: `what a refresh and a verification cost at ${sizes.map((size) => size.toLocaleString('en')).join(', ')} live sessions and revocations`,
  async run(context) {
    const chosen = context.isQuick ? quickSizes : sizes
    const parts: Outcome[] = []
    for (const measure of [measureRefresh, measureRoute, measureVerify, measureLookUps]) {
      parts.push(await measure(context, chosen))
    }
    return {
      measurements: parts.flatMap(({ measurements }) => measurements),
      profiles: parts.flatMap(({ profiles = [] }) => profiles)
    }
  }
}
