import type { AuthenticationLevel, RevocationKind } from './access-token-profile.ts'

/** The stable code of a `VerifierError`. `toHttpResponse` has the HTTP response to each. */
export type VerifierErrorCode =
  | 'ERR_BEARER_REQUEST'
  | 'ERR_TOKEN_MISSING'
  | 'ERR_TOKEN_MALFORMED'
  | 'ERR_TOKEN_HEADER'
  | 'ERR_TOKEN_UNKNOWN_KEY'
  | 'ERR_TOKEN_SIGNATURE'
  | 'ERR_TOKEN_CLAIM'
  | 'ERR_TOKEN_EXPIRED'
  | 'ERR_TOKEN_REVOKED'
  | 'ERR_TOKEN_BINDING'
  | 'ERR_DPOP_PROOF'
  | 'ERR_DPOP_NONCE'
  | 'ERR_SCOPE_INSUFFICIENT'
  | 'ERR_ROLE_INSUFFICIENT'
  | 'ERR_AUTHENTICATION_INSUFFICIENT'
  | 'ERR_KEYS_UNAVAILABLE'
  | 'ERR_REVOCATIONS_UNAVAILABLE'
  | 'ERR_DPOP_REPLAYS_UNAVAILABLE'

/** What else an error is made with. */
export interface VerifierErrorOptions {
  /** What went wrong exactly, for the log alone. Never the token. */
  detail?: string
  /** The error behind this one, for the log alone. */
  cause?: unknown
}

/** The base of everything the verifier throws about a request. A caller's mistake is a `TypeError` instead. */
export abstract class VerifierError extends Error {
  /** Tells errors apart, and stays the same from version to version. */
  abstract readonly code: VerifierErrorCode
  /** What went wrong exactly, for the log alone. */
  readonly detail: string | undefined

  constructor(message: string, options: VerifierErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.detail = options.detail
  }
}

/** The request carries a token in a way that RFC 6750 §2 and RFC 9449 §7.1 do not allow, or more than one. */
export class BearerRequestError extends VerifierError {
  readonly code = 'ERR_BEARER_REQUEST'
  constructor(options?: VerifierErrorOptions) {
    super('The request must carry exactly one access token, in the Authorization header.', options)
  }
}

/** The request carries no token. */
export class TokenMissingError extends VerifierError {
  readonly code = 'ERR_TOKEN_MISSING'
  constructor(options?: VerifierErrorOptions) {
    super('The request carries no access token.', options)
  }
}

/** The token is not compact JWS in strict base64url, or is too long (RFC 7515 §7.1). */
export class TokenMalformedError extends VerifierError {
  readonly code = 'ERR_TOKEN_MALFORMED'
  constructor(options?: VerifierErrorOptions) {
    super('The access token is malformed.', options)
  }
}

/** A member of the protected header is not what RFC 9068 §2.1 asks for. */
export class TokenHeaderError extends VerifierError {
  readonly code = 'ERR_TOKEN_HEADER'
  constructor(options?: VerifierErrorOptions) {
    super('The header of the access token is not acceptable.', options)
  }
}

/** The issuer publishes no key of the token's `kid`. */
export class TokenUnknownKeyError extends VerifierError {
  readonly code = 'ERR_TOKEN_UNKNOWN_KEY'
  constructor(options?: VerifierErrorOptions) {
    super('The access token names a key that the issuer does not publish.', options)
  }
}

/** The signature does not verify. */
export class TokenSignatureError extends VerifierError {
  readonly code = 'ERR_TOKEN_SIGNATURE'
  constructor(options?: VerifierErrorOptions) {
    super('The signature of the access token does not verify.', options)
  }
}

/** A claim is missing, of a wrong type, or not what this service expects. */
export class TokenClaimError extends VerifierError {
  readonly code = 'ERR_TOKEN_CLAIM'
  /** The claim's name. */
  readonly claim: string
  constructor(claim: string, options?: VerifierErrorOptions) {
    super(`The claim "${claim}" of the access token is not acceptable.`, options)
    this.claim = claim
  }
}

/** The token's `exp`, and the clock tolerance after it, has passed. */
export class TokenExpiredError extends VerifierError {
  readonly code = 'ERR_TOKEN_EXPIRED'
  constructor(options?: VerifierErrorOptions) {
    super('The access token has expired.', options)
  }
}

/** The token, its session or its key is on the denylist. */
export class TokenRevokedError extends VerifierError {
  readonly code = 'ERR_TOKEN_REVOKED'
  /** What the entry names; unknown when the transport was asked directly. */
  readonly kind: RevocationKind | undefined
  constructor(kind: RevocationKind | undefined, options?: VerifierErrorOptions) {
    super('The access token was revoked.', options)
    this.kind = kind
  }
}

/**
 * The token and the way it was presented do not belong together: a token that is bound to a key came without a proof of
 * that key, or a token that is bound to none came with a proof (RFC 9449 §7).
 */
export class TokenBindingError extends VerifierError {
  readonly code = 'ERR_TOKEN_BINDING'
  constructor(options?: VerifierErrorOptions) {
    super('The access token was not presented in the way that its binding demands.', options)
  }
}

/** The DPoP proof fails one of the checks of RFC 9449 §4.3, or was used before. */
export class DpopProofError extends VerifierError {
  readonly code = 'ERR_DPOP_PROOF'
  constructor(options?: VerifierErrorOptions) {
    super('The DPoP proof is not valid.', options)
  }
}

/** The DPoP proof lacks a nonce that is accepted now (RFC 9449 §8, §9). The response has to carry one in `DPoP-Nonce`. */
export class DpopNonceError extends VerifierError {
  readonly code = 'ERR_DPOP_NONCE'
  constructor(options?: VerifierErrorOptions) {
    super('The DPoP proof must hold a nonce of this server.', options)
  }
}

/** The token is valid, but was not granted every scope that the route needs. */
export class ScopeInsufficientError extends VerifierError {
  readonly code = 'ERR_SCOPE_INSUFFICIENT'
  /** All scopes that the route needs. */
  readonly scopes: readonly string[]
  constructor(scopes: readonly string[], options?: VerifierErrorOptions) {
    super('The access token does not have the scope that this needs.', options)
    this.scopes = scopes
  }
}

/** The token is valid, but its subject does not have the role that the route needs. */
export class RoleInsufficientError extends VerifierError {
  readonly code = 'ERR_ROLE_INSUFFICIENT'
  readonly role: string
  constructor(role: string, options?: VerifierErrorOptions) {
    super('The access token does not have the role that this needs.', options)
    this.role = role
  }
}

/** What a route wants of the sign-in (RFC 9470 §3). */
export interface AuthenticationRequirement {
  /** How long ago the user may have signed in, in seconds; a refresh does not count. Default: as long as the session lives. */
  readonly maxAgeSeconds?: number
  /** How much the sign-in must have shown. Default: whatever the issuer lets in. */
  readonly acr?: AuthenticationLevel
}

/** The token is valid, but its user signed in too long ago for the route, or showed too little. */
export class AuthenticationInsufficientError extends VerifierError {
  readonly code = 'ERR_AUTHENTICATION_INSUFFICIENT'
  /** What the route wants. */
  readonly requirement: AuthenticationRequirement
  constructor(requirement: AuthenticationRequirement, options?: VerifierErrorOptions) {
    super('The sign-in behind the access token is not recent or not strong enough for this.', options)
    this.requirement = requirement
  }
}

/** It cannot be known whether the issuer has this key: nothing is said about the token. */
export class KeysUnavailableError extends VerifierError {
  readonly code = 'ERR_KEYS_UNAVAILABLE'
  constructor(options?: VerifierErrorOptions) {
    super('The keys of the issuer cannot be known now.', options)
  }
}

/** It cannot be known whether the token is revoked: nothing is said about the token. */
export class RevocationsUnavailableError extends VerifierError {
  readonly code = 'ERR_REVOCATIONS_UNAVAILABLE'
  constructor(options?: VerifierErrorOptions) {
    super('It cannot be known now whether the access token is revoked.', options)
  }
}

/** It cannot be known whether the DPoP proof was used before: nothing is said about the token or the proof. */
export class DpopReplaysUnavailableError extends VerifierError {
  readonly code = 'ERR_DPOP_REPLAYS_UNAVAILABLE'
  constructor(options?: VerifierErrorOptions) {
    super('It cannot be known now whether the DPoP proof was used before.', options)
  }
}
