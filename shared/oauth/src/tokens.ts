/** A successful response with an access token (RFC 6749 §5.1). */
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
}
