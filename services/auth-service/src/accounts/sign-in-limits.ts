import { isIPv6 } from 'node:net'
import { TooManyRequestsError } from '@countersign/oauth'

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
  /** Whether the account's owner has signed in from this address lately. */
  isKnownAddress(usernameKey: string, address: string): Promise<boolean>
}

/** One attempt that was let through; its outcome settles the counts. */
export interface AdmittedAttempt {
  /** A right password clears what the attempt counted; a wrong one leaves it. */
  succeeded(): Promise<void>
  /** The attempt came to no verdict, such as when the service was full: it does not count. */
  withdrawn(): Promise<void>
}

/** Limits on guessing passwords. */
export interface SignInLimits {
  /**
   * Counts an attempt before the password is looked at, so that parallel guesses cannot slip past.
   * @throws {TooManyRequestsError}
   */
  admit(usernameKey: string, address: string): Promise<AdmittedAttempt>
}

/**
 * Verifies a password within the limits: a right one clears the counts, a wrong one (`undefined`) leaves them, and no
 * verdict (the service was full, the database away) takes the attempt back.
 */
export async function verifyWithinLimits<T>(
  limits: SignInLimits,
  who: { usernameKey: string; address: string },
  verify: () => Promise<T | undefined>
): Promise<T | undefined> {
  const attempt = await limits.admit(who.usernameKey, who.address)
  try {
    const verified = await verify()
    if (verified !== undefined) await attempt.succeeded()
    return verified
  } catch (error) {
    await attempt.withdrawn()
    throw error
  }
}

/**
 * Limits by address, by account and address, and by account. The last one is what stops a guess from many addresses; an
 * address from which the owner has signed in passes it, so that a stranger who exhausts it does not lock the owner out.
 */
export function createSignInLimits(deps: SignInLimitsDeps): SignInLimits {
  return {
    async admit(usernameKey, address) {
      const network = networkOf(address)
      const pair = `${network} ${usernameKey}`
      await consumeOrThrow(deps.perAddress, network, 'address')
      await consumeOrThrow(deps.perAccountAndAddress, pair, 'account and address')
      const wait = await deps.perAccount.consume(usernameKey)
      if (wait > 0 && !(await deps.isKnownAddress(usernameKey, address))) throw tooMany(wait, 'account')
      const refundOthers = [() => deps.perAddress.refund(network), () => deps.perAccount.refund(usernameKey)]
      const settle = async (settlePair: () => Promise<void>) => {
        await Promise.all([settlePair, ...refundOthers].map((refund) => refund()))
      }
      return {
        succeeded: () => settle(() => deps.perAccountAndAddress.reset(pair)),
        withdrawn: () => settle(() => deps.perAccountAndAddress.refund(pair))
      }
    }
  }
}

/** An IPv6 customer has at least a /64: its addresses count as one. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!isIPv6(plain)) return plain
  const [head = '', tail = ''] = plain.split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail.split(':').filter(Boolean)
  const groups = plain.includes('::') ? [...left, ...Array(8 - left.length - right.length).fill('0'), ...right] : left
  return `${groups.slice(0, 4).join(':')}::/64`
}

async function consumeOrThrow(counter: AttemptCounter, key: string, scope: string): Promise<void> {
  const wait = await counter.consume(key)
  if (wait > 0) throw tooMany(wait, scope)
}

function tooMany(waitMs: number, scope: string): TooManyRequestsError {
  return new TooManyRequestsError({
    retryAfterSeconds: waitMs / 1000,
    detail: `the sign-in limit by ${scope} is reached`
  })
}
