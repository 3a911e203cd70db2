import { TooManyRequestsError } from '@countersign/oauth'
import { networkOf } from './networks.ts'

/** Counts attempts under a key within a window; declared here, kept in Redis or in the process. */
export interface AttemptCounter {
  /** Counts one attempt. @returns milliseconds to wait when the limit is passed, else 0 */
  consume(key: string): Promise<number>
  /** Takes one attempt back. */
  refund(key: string): Promise<void>
  /** Forgets the key. */
  reset(key: string): Promise<void>
}

export interface SignInLimitsDeps {
  perAddress: AttemptCounter
  perAccountAndAddress: AttemptCounter
  perAccount: AttemptCounter
  /** Whether the account's owner has signed in from this network lately. */
  isKnownNetwork(usernameKey: string, network: string): Promise<boolean>
}

export interface Guess {
  readonly usernameKey: string
  readonly address: string
}

/** Limits on guessing passwords. */
export interface SignInLimits {
  /**
   * Verifies a password within the limits: a right one clears the counts, a wrong one (`undefined`) leaves them, and no
   * verdict (a throw: the service was full, the database away) takes the attempt back.
   * @throws {TooManyRequestsError}
   */
  verify<T>(guess: Guess, work: () => Promise<T | undefined>): Promise<T | undefined>
}

/** A counter and the key that one attempt is counted under. */
interface Count {
  readonly scope: string
  readonly counter: AttemptCounter
  readonly key: string
}

/**
 * Limits by address, by account and address, and by account. The last one is what stops a guess from many addresses; a
 * network from which the owner has signed in passes it, so that a stranger who exhausts it does not lock the owner out.
 *
 * An attempt is counted before its password is looked at, so that parallel guesses cannot slip past. What is under way is
 * not yet wrong, though: an attempt over the limit waits for those of its kind, and is refused when they were wrong.
 */
export function createSignInLimits(deps: SignInLimitsDeps): SignInLimits {
  const underWay = new Map<string, Set<Promise<void>>>()
  return { verify: attempt }

  async function attempt<T>(
    { usernameKey, address }: Guess,
    work: () => Promise<T | undefined>
  ): Promise<T | undefined> {
    const network = networkOf(address)
    const byAddress = { scope: 'address', counter: deps.perAddress, key: network }
    const byPair = {
      scope: 'account and address',
      counter: deps.perAccountAndAddress,
      key: `${network} ${usernameKey}`
    }
    const byAccount = { scope: 'account', counter: deps.perAccount, key: usernameKey }
    const counted: Count[] = []
    let settle = () => {}
    const settled = new Promise<void>((resolve) => {
      settle = resolve
    })
    try {
      for (const count of [byAddress, byPair, byAccount]) {
        const isExempt = count === byAccount && (() => deps.isKnownNetwork(usernameKey, network))
        await consume(count, isExempt)
        counted.push(count)
        track(count, settled)
      }
      const verified = await work()
      if (verified !== undefined)
        await Promise.all([byPair.counter.reset(byPair.key), ...[byAddress, byAccount].map(refund)])
      return verified
    } catch (error) {
      await Promise.all(counted.map(refund))
      throw error
    } finally {
      settle()
    }
  }

  async function consume(count: Count, isExempt: false | (() => Promise<boolean>)): Promise<void> {
    for (;;) {
      const waitMs = await count.counter.consume(count.key)
      if (waitMs === 0 || (isExempt && (await isExempt()))) return
      await refund(count)
      const others = underWay.get(nameOf(count))
      if (!others) {
        throw new TooManyRequestsError({
          retryAfterSeconds: waitMs / 1000,
          detail: `the sign-in limit by ${count.scope} is reached`
        })
      }
      await Promise.race(others)
    }
  }

  function track(count: Count, settled: Promise<void>): void {
    const name = nameOf(count)
    const others = underWay.get(name) ?? new Set()
    underWay.set(name, others.add(settled))
    settled.then(() => {
      others.delete(settled)
      if (others.size === 0) underWay.delete(name)
    })
  }
}

function nameOf({ scope, key }: Count): string {
  return `${scope} ${key}`
}

function refund({ counter, key }: Count): Promise<void> {
  return counter.refund(key)
}
