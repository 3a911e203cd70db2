/** The settings of every contestant. */
export interface Trust {
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
  readonly redisUrl: string
}

/** The key in Redis that marks a token as revoked (docs/revocation-feed.md). */
export function revokedKey(jti: string): string {
  return `{countersign}:revoked:jti:${jti}`
}
