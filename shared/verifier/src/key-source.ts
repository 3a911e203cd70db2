import type { CryptoKey } from 'jose'

/** A public key, ready to verify RS256 with. */
export type VerificationKey = CryptoKey

/** Plain facts about a key source, for health and metrics. */
export interface KeySourceStatus {
  readonly count: number
  /** Seconds since the keys were last known to be the issuer's; `null` before the first time. */
  readonly ageSeconds: number | null
  /** Failed fetches since the last good one. */
  readonly consecutiveFailures: number
}

/** Where the verifier has the issuer's public keys from. */
export interface KeySource {
  /**
   * The key, if it is at hand; never waits. It is the same object each time as long as the key is the same: a token
   * that was verified before is good only while its key is still here.
   */
  get(kid: string): VerificationKey | undefined
  /**
   * Looks for a key that is not at hand. `undefined` when the issuer does not have it.
   *
   * @throws {KeysUnavailableError} when that cannot be known.
   */
  find(kid: string): Promise<VerificationKey | undefined>
  /** Drops a key at once and for good, since the denylist names it. */
  remove(kid: string): void
  /** Resolves once there are keys; rejects when the source is closed before. */
  ready(): Promise<void>
  status(): KeySourceStatus
  close(): Promise<void>
}
