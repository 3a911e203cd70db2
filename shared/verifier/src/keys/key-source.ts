import type { CryptoKey } from 'jose'

/** A public key, ready to verify RS256 with. */
export type VerificationKey = CryptoKey

/**
 * What becomes of a fetch of the key set.
 *
 * - `changed`, `unchanged`: a valid response that did, or did not, change the keys.
 * - `failed`: no response in time, a redirect, or another status than 200 and 304.
 * - `refused`: a response that is not a clean key set.
 */
export type FetchOutcome = 'changed' | 'unchanged' | 'failed' | 'refused'

/** Plain facts about a key source, for health and metrics. */
export interface KeySourceStatus {
  /** How many keys are at hand. */
  readonly count: number
  /** Seconds since the keys were last known to be the issuer's; `null` before the first time. */
  readonly ageSeconds: number | null
  /** Failed fetches since the last successful one. */
  readonly consecutiveFailures: number
  /** Fetches that have ended since the start. All 0 for a local key set, which fetches nothing. */
  readonly fetches: Readonly<Record<FetchOutcome, number>>
  /** Keys that the issuer publishes for another purpose, and that are ignored. */
  readonly ignoredKeys: number
}

/** Provides the issuer's public keys to a verifier. */
export interface KeySource {
  /**
   * The key, if it is at hand; never waits. It is the same object each time as long as the key is the same: a token
   * that was verified before is valid only while its key is still here.
   */
  get(kid: string): VerificationKey | undefined
  /**
   * Looks for a key that is not at hand. `undefined` when the issuer does not have it.
   *
   * @throws {KeysUnavailableError} when that cannot be known, or too many wait for it.
   */
  find(kid: string): Promise<VerificationKey | undefined>
  /** Drops a key at once and for good, since the denylist names it. The issuer's key set has changed in this moment. */
  remove(kid: string): void
  /** Resolves once there are keys; rejects when the source is closed before. */
  ready(): Promise<void>
  /** Facts of this moment. */
  status(): KeySourceStatus
  /** Stops all that runs in the background. */
  close(): Promise<void>
}
