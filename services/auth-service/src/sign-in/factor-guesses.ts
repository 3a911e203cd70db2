import { TooManyRequestsError } from '@countersign/oauth'
import type { AttemptCounters } from './attempt-counters.ts'
import { refundUnlessFailed } from './request-limits.ts'

/** Wrong codes of one account, of all its factors together. Three codes of a million are valid at any time. */
const limits = [
  { name: 'second_factor_hour', limit: 10, windowSeconds: 3600 },
  { name: 'second_factor_day', limit: 30, windowSeconds: 86_400 }
]

/**
 * Verifies a code within the budget of the account. It is counted first, so that parallel guesses cannot pass the budget; a valid one
 * uses nothing up, and neither does one that could not be verified.
 * @throws {TooManyRequestsError}
 */
export async function guessFactor<T>(
  counters: AttemptCounters,
  userId: string,
  verify: () => Promise<T | undefined>
): Promise<T | undefined> {
  const budget = limits.map((limit) => ({ ...limit, key: userId }))
  const reached = await counters.charge(budget)
  if (reached.length > 0) {
    throw new TooManyRequestsError({
      retryAfterSeconds: Math.max(...reached.map(({ waitMs }) => waitMs)) / 1000,
      description: 'There were too many wrong codes for this account. Wait before you try again, or use a passkey.'
    })
  }
  return refundUnlessFailed(counters, budget, verify)
}
