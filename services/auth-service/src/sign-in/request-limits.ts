import { TooManyRequestsError } from '@countersign/oauth'
import type { AttemptCount, AttemptCounters } from './attempt-counters.ts'
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
  await charge(counters, countsOfAddress({ name, address, limit, windowSeconds }))
}

/** Those of an address and its networks. */
export function countsOfAddress({
  name,
  address,
  limit,
  windowSeconds
}: {
  name: string
  address: string
  limit: number
  windowSeconds: number
}): readonly AttemptCount[] {
  return prefixesOf(address).map(({ network, limitFactor }) => ({
    name,
    key: network,
    limit: Math.ceil(limit * limitFactor),
    windowSeconds
  }))
}

/** @throws {TooManyRequestsError} when one of them is used up; then none is charged */
export async function charge(counters: AttemptCounters, counts: readonly AttemptCount[]): Promise<void> {
  const [reached] = await counters.charge(counts)
  if (!reached) return
  throw new TooManyRequestsError({
    retryAfterSeconds: reached.waitMs / 1000,
    detail: `the limit ${reached.count.name} is reached`
  })
}

export interface FailureLimit {
  readonly signInFailuresPerAddress: number
  readonly signInLimitWindowSeconds: number
}

/** Tries a passkey within the limit of failures of the address: see {@link tryFrom}. @throws {TooManyRequestsError} */
export function tryPasskey<T>(
  deps: FailureLimit & { counters: AttemptCounters },
  address: string,
  attempt: () => Promise<T | undefined>
): Promise<T | undefined> {
  return tryFrom(deps, { name: 'passkey_failures', address }, attempt)
}

/**
 * Tries to sign in within the limit of failures of the address. Only a failure counts: see {@link refundUnlessFailed}.
 * @param name what else is tried is counted apart
 * @throws {TooManyRequestsError}
 */
export async function tryFrom<T>(
  { counters, ...limits }: FailureLimit & { counters: AttemptCounters },
  { name, address }: { name: string; address: string },
  attempt: () => Promise<T | undefined>
): Promise<T | undefined> {
  const { signInFailuresPerAddress: limit, signInLimitWindowSeconds } = limits
  const counts = countsOfAddress({ name, address, limit, windowSeconds: signInLimitWindowSeconds })
  await charge(counters, counts)
  return refundUnlessFailed(counters, counts, attempt)
}

/**
 * Makes an attempt that was charged before, so that parallel ones cannot pass the limit. It is refunded if it succeeds, or if it has no
 * result (it throws: database unavailable); `undefined` is a failure, which stays counted.
 */
export async function refundUnlessFailed<T>(
  counters: AttemptCounters,
  counts: readonly AttemptCount[],
  attempt: () => Promise<T | undefined>
): Promise<T | undefined> {
  let hasFailed = false
  try {
    const result = await attempt()
    hasFailed = result === undefined
    return result
  } finally {
    if (!hasFailed) await counters.settle({ refunded: counts })
  }
}
