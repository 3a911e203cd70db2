/** Remembers what may be used once, for all replicas. */
export interface SingleUse {
  /**
   * Claims an identifier until it has expired.
   * @param expiresAt seconds since 1970-01-01 UTC
   * @returns false when it was claimed before
   * @throws {TemporarilyUnavailableError} when that cannot be known: then it must not be taken as unused
   */
  claim(kind: 'client_assertion' | 'dpop_proof', id: string, expiresAt: number): Promise<boolean>
}
