/** What every contestant is told. */
export interface Trust {
  readonly issuer: string
  readonly audience: string
  readonly jwksUri: string
  readonly redisUrl: string
}

/** The key that says that a token is revoked (docs/revocation-feed.md). */
export function revokedKey(jti: string): string {
  return `{countersign}:revoked:jti:${jti}`
}
