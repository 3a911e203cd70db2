import { TooManyRequestsError } from '@countersign/oauth'
import type { Acquaintance, RefreshTokenFamilies } from '../sessions/refresh-token-families.ts'
import type { AttemptCount, AttemptCounters, ReachedLimit } from './attempt-counters.ts'
import { trackAttemptsUnderWay } from './attempts-under-way.ts'
import { networkOf } from './networks.ts'
import { type Guess, type SignInCounts, type SignInLimitSettings, signInCounts } from './sign-in-counts.ts'

export interface SignInLimitsDeps {
  counters: AttemptCounters
  settings: SignInLimitSettings
  /** Does the same work whether or not the account exists, since it is called for every attempt over a limit. */
  recognize: RefreshTokenFamilies['recognize']
}

/** Limits on guessing passwords, and on signing in. */
export interface SignInLimits {
  /**
   * Verifies a password within the limits: a correct one resets the counters, a wrong one (`undefined`) leaves them, and if
   * there is no result (it throws: service full, database unavailable) the attempt is not counted.
   * @throws {TooManyRequestsError}
   */
  verify<T>(guess: Guess, work: () => Promise<T | undefined>): Promise<T | undefined>
}

/**
 * Limits failures by network, by account and network, and by account. Over a limit, the owner's known networks and devices
 * have limits of their own, so that neither a neighbor nor a stranger can lock the owner out (decision 18).
 *
 * An attempt is counted before its password is verified, so that parallel guesses cannot slip past the limit. Attempts under
 * way may still be correct, so an attempt over the limit waits for them, and is rejected only if they were wrong.
 */
export function createSignInLimits({ counters, settings, recognize }: SignInLimitsDeps): SignInLimits {
  const underWay = trackAttemptsUnderWay()
  return { verify }

  async function verify<T>(guess: Guess, work: () => Promise<T | undefined>): Promise<T | undefined> {
    const counts = signInCounts(settings, guess)
    const { charged, end } = await begin(guess, counts)
    try {
      const verified = await work()
      if (verified !== undefined) await counters.settle(settlementOfSuccess(charged, counts))
      return verified
    } catch (error) {
      await counters.settle({ refunded: charged })
      throw error
    } finally {
      end()
    }
  }

  /** Counts the attempt when the counters allow it. @returns the counters, and a function that ends the attempt */
  async function begin(guess: Guess, counts: SignInCounts) {
    const { networks, pair, pairsOfPrefixes, account, successes } = counts
    const ordinary = [...networks, pair, ...pairsOfPrefixes, account]
    // Correct passwords reset their counters: otherwise one account could fill the gate with them.
    while (underWay.countOf(pair) >= pair.limit) await underWay.wait([pair])
    if ((await counters.charge(ordinary, successes)).length === 0) return started(ordinary)
    const budget = ownBudget(await recognize(subjectOf(guess)), counts)
    const charged = budget ? [budget] : ordinary
    for (;;) {
      // Even without a budget: attempts may have ended while the owner was looked up, and nobody was waiting for them yet.
      const reached = await counters.charge(charged, successes)
      if (reached.length === 0) return started(charged)
      if (!(await underWay.wait(reached.map(({ count }) => count)))) throw await rejected(counts, reached)
    }
  }

  // Right after counting: the next attempt must find it under way.
  function started(charged: readonly AttemptCount[]) {
    return { charged, end: underWay.begin(charged) }
  }

  /** A rejected attempt counts for its networks, so that trying has a cost. */
  async function rejected({ networks }: SignInCounts, reached: readonly ReachedLimit[]): Promise<TooManyRequestsError> {
    await counters.charge(networks)
    const [longest] = reached.toSorted((one, other) => other.waitMs - one.waitMs)
    return new TooManyRequestsError({
      retryAfterSeconds: (longest?.waitMs ?? 0) / 1000,
      detail: `the sign-in limit by ${longest?.count.name} is reached`
    })
  }
}

function subjectOf({ usernameKey, emailKey, address, device }: Guess) {
  return { usernameKey, emailKey, network: networkOf(address), userId: device?.userId }
}

/** The counters of an attempt over a limit: none of them has the failures of others. */
function ownBudget({ isKnownNetwork, isOwnDevice }: Acquaintance, { device, pair }: SignInCounts) {
  if (isOwnDevice && device) return device
  return isKnownNetwork ? pair : undefined
}

function settlementOfSuccess(charged: readonly AttemptCount[], { pair, device, successes }: SignInCounts) {
  const isForgotten = (count: AttemptCount) => count === pair || count === device
  return {
    forgotten: charged.filter(isForgotten),
    refunded: charged.filter((count) => !isForgotten(count)),
    counted: successes
  }
}
