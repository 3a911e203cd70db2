import { type Clock, systemClock } from '../clock.ts'
import { createExpiringSet } from '../expiring-set.ts'
import { checkNumber } from '../option-checks.ts'

/** The replay cache of used DPoP proofs (RFC 9449 §11.1). `./redis` has one that all replicas share. */
export interface DpopReplays {
  /**
   * Marks a proof as used, in one atomic step: of all parallel calls for it one gets true.
   *
   * @param replayKey what `verifyDpopProof` gives
   * @param expiresAt how long it is kept at least: until then, in seconds since 1970-01-01 UTC
   * @throws when it cannot be known whether it was used before.
   */
  markUsed(replayKey: string, expiresAt: number): Promise<boolean>
  /** Leaves no handle open. A verifier closes what it was given. */
  close?(): Promise<void>
}

/** The size of the replay cache. */
export interface InProcessDpopReplaysOptions {
  /** Default: the system's. */
  readonly clock?: Clock | undefined
  /** How many proofs it keeps at once, from 1 to 10000000. Default 500000: some 7000 requests a second. */
  readonly maxEntries?: number | undefined
}

/** The most expired proofs removed in one call: about a millisecond. */
const sweepLimit = 10_000

/**
 * A replay cache of the proofs that this process has seen. When it is full of proofs that could still be replayed, it rejects
 * new ones: a proof that it dropped could be replayed.
 */
export function createInProcessDpopReplays(options: InProcessDpopReplaysOptions = {}): DpopReplays {
  const { clock = systemClock, maxEntries = 500_000 } = options
  checkNumber('maxEntries', maxEntries, 1, 10_000_000)
  const second = () => Math.floor(clock.monotonic() / 1000)
  const used = createExpiringSet(second())

  return {
    async markUsed(replayKey, expiresAt) {
      used.removeExpired(second(), sweepLimit)
      if (used.has(replayKey)) return false
      if (used.size >= maxEntries) throw new Error(`${maxEntries} proofs are remembered already`)
      // By the monotonic clock: setting the machine's clock ahead and back makes it forget nothing.
      const left = Math.max(0, expiresAt * 1000 - clock.now())
      used.add(replayKey, Math.floor((clock.monotonic() + left) / 1000) + 1)
      return true
    }
  }
}
