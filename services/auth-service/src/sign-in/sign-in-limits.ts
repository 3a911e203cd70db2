import { TooManyRequestsError } from '@countersign/oauth'
import type { Acquaintance } from '../sessions/refresh-token-families.ts'
import type { AttemptCount, AttemptCounters, ReachedLimit } from './attempt-counters.ts'
import { trackAttemptsUnderWay } from './attempts-under-way.ts'
import { networkOf } from './networks.ts'
import { type Guess, type SignInCounts, type SignInLimitSettings, signInCounts } from './sign-in-counts.ts'

export interface SignInLimitsDeps {
  counters: AttemptCounters
  settings: SignInLimitSettings
  /** Costs the same whether or not there is such an account: it is asked for every attempt that is over a limit. */
  recognize(account: { usernameKey: string; network: string; userId: string | undefined }): Promise<Acquaintance>
}

/** Limits on guessing passwords, and on signing in. */
export interface SignInLimits {
  /**
   * Verifies a password within the limits: a right one clears the counts, a wrong one (`undefined`) leaves them, and no
   * verdict (a throw: the service was full, the database away) takes the attempt back.
   * @throws {TooManyRequestsError}
   */
  verify<T>(guess: Guess, work: () => Promise<T | undefined>): Promise<T | undefined>
}

/**
 * Limits failures by network, by account and network, and by account. Over a limit the owner's known networks and devices
 * have budgets of their own, so that neither a neighbor nor a stranger locks the owner out (decision 18).
 *
 * An attempt is counted before its password is verified, so that parallel guesses cannot slip past. What is under way is
 * not yet wrong, though: an attempt over the limit waits for those of its kind, and is rejected when they were wrong.
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

  /** Counts the attempt, once the counts allow it. @returns the counts, and what ends the attempt */
  async function begin(guess: Guess, counts: SignInCounts) {
    const { networks, pair, pairsOfPrefixes, account, successes } = counts
    const ordinary = [...networks, pair, ...pairsOfPrefixes, account]
    // Right passwords clear their counts: this is what keeps one account from filling the gate with them.
    while (underWay.countOf(pair) >= pair.limit) await underWay.wait([pair])
    let reached = await counters.charge(ordinary, successes)
    if (reached.length === 0) return started(ordinary)
    const budget = ownBudget(await recognize(subjectOf(guess)), counts)
    const charged = budget ? [budget] : ordinary
    if (budget) reached = await counters.charge(charged, successes)
    while (reached.length > 0) {
      if (!(await underWay.wait(reached.map(({ count }) => count)))) throw await rejected(counts, reached)
      reached = await counters.charge(charged, successes)
    }
    return started(charged)
  }

  // At once when it is counted: the next to look must find it under way.
  function started(charged: readonly AttemptCount[]) {
    return { charged, end: underWay.begin(charged) }
  }

  /** A rejected attempt counts for its networks, so that asking is not free. */
  async function rejected({ networks }: SignInCounts, reached: readonly ReachedLimit[]): Promise<TooManyRequestsError> {
    await counters.charge(networks)
    const [longest] = reached.toSorted((one, other) => other.waitMs - one.waitMs)
    return new TooManyRequestsError({
      retryAfterSeconds: (longest?.waitMs ?? 0) / 1000,
      detail: `the sign-in limit by ${longest?.count.name} is reached`
    })
  }
}

function subjectOf({ usernameKey, address, device }: Guess) {
  return { usernameKey, network: networkOf(address), userId: device?.userId }
}

/** What an attempt over a limit is counted under instead: nobody else's failures. */
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
