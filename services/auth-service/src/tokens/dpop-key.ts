/** A key that a request has proved to hold, by a proof that is valid unless it was used before. */
export interface DpopKey {
  /** Thumbprint of the key (RFC 7638): tokens are bound to it. */
  readonly jkt: string
  /**
   * Uses the proof up. To be called when the request's credentials are known to be valid, and before they change anything: so
   * nobody without credentials can fill the memory of used proofs.
   * @throws {InvalidDpopProofError} when it was used before
   * @throws {TemporarilyUnavailableError} when that cannot be known
   */
  markUsed(): Promise<void>
}
