/** Knows which identifiers were used, for all replicas. */
export interface ReplayCache {
  /**
   * Marks an identifier as used until it has expired.
   * @param expiresAt seconds since 1970-01-01 UTC
   * @returns false when it was used before
   * @throws {TemporarilyUnavailableError} when that cannot be known: then it must not count as unused
   */
  markUsed(kind: 'client_assertion' | 'dpop_proof', id: string, expiresAt: number): Promise<boolean>
}
