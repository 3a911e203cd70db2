/** What a revocation entry can name: one token, one session (or a client's epoch), or one signing key. */
export const revocationKinds = ['jti', 'sid', 'kid'] as const
/** One of {@link revocationKinds}. */
export type RevocationKind = (typeof revocationKinds)[number]

/** One entry of the denylist. It hits by exact match of `value`. */
export interface RevocationEntry {
  readonly kind: RevocationKind
  /** The `jti`, `sid` or `kid`. */
  readonly value: string
  /** When the last token that this entry can hit is dead, clock tolerance included: seconds since 1970-01-01 UTC. */
  readonly expiresAt: number
}
