/** The claims of an access token (RFC 9068 §2.2), and no other: see the allow-list in the auth-service. */
export interface AccessTokenClaims {
  readonly iss: string
  /** The user's id, or the client's when a client speaks for itself. */
  readonly sub: string
  readonly aud: string | readonly string[]
  /** Seconds since 1970-01-01 UTC. */
  readonly exp: number
  /** Seconds since 1970-01-01 UTC. */
  readonly iat: number
  readonly jti: string
  readonly client_id: string
  /** The refresh-token family this token was issued in, or the client's credential epoch. */
  readonly sid?: string
  /** Space-separated scopes (RFC 8693 §4.2). */
  readonly scope?: string
  readonly roles?: readonly string[]
  readonly preferred_username?: string
}

/** A successful answer with tokens (RFC 6749 §5.1). */
export interface TokenResponse {
  access_token: string
  refresh_token: string
  token_type: 'Bearer'
  /** Lifetime of the access token in seconds. */
  expires_in: number
  scope: string
}

/** The media type in an access token's `typ` header (RFC 9068 §2.1). */
export const accessTokenType = 'at+jwt'

/** The only signature algorithm that is issued and accepted (RFC 7518 §3.3). */
export const signingAlgorithm = 'RS256'
