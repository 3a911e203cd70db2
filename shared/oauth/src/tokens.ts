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
  /** The key that the token is bound to (RFC 9449 §6.1). */
  readonly cnf?: { readonly jkt: string }
  /** Who acts for the subject (RFC 8693 §4.1). */
  readonly act?: ActorClaim
}

/** An actor: a client that acts for the subject, and the one it acts through, if any. */
export interface ActorClaim {
  readonly sub: string
  /** The actor's credential epoch: when it ends, so does the token. */
  readonly sid?: string
  readonly act?: ActorClaim
}

/** A successful answer with an access token (RFC 6749 §5.1). */
export interface AccessTokenResponse {
  access_token: string
  /** `DPoP` for a token that is bound to a key (RFC 9449 §5). */
  token_type: 'Bearer' | 'DPoP'
  /** Lifetime of the access token in seconds. */
  expires_in: number
  scope?: string
  /** What a token exchange has made (RFC 8693 §2.2.1). */
  issued_token_type?: string
}

/** The same with the refresh token of a session. */
export interface TokenResponse extends AccessTokenResponse {
  refresh_token: string
  scope: string
}

/** The media type in an access token's `typ` header (RFC 9068 §2.1). */
export const accessTokenType = 'at+jwt'

/** The only signature algorithm that is issued and accepted (RFC 7518 §3.3). */
export const signingAlgorithm = 'RS256'
