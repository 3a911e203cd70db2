import { TooManyRequestsError } from '@countersign/oauth'
import type { AttemptCounters } from './attempt-counters.ts'
import { prefixesOf } from './networks.ts'

const windowSeconds = 3600

/**
 * Counts what came from an address, for every account; larger networks have a little more.
 * @param limit in an hour
 * @throws {TooManyRequestsError}
 */
export async function chargeAddress(
  counters: AttemptCounters,
  { name, address, limit }: { name: string; address: string; limit: number }
): Promise<void> {
  const counts = prefixesOf(address).map(({ network, limitFactor }) => ({
    name,
    key: network,
    limit: Math.ceil(limit * limitFactor),
    windowSeconds
  }))
  const [reached] = await counters.charge(counts)
  if (reached)
    throw new TooManyRequestsError({ retryAfterSeconds: reached.waitMs / 1000, detail: `${name} per address` })
}
