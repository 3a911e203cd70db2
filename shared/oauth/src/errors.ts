/**
 * An error that the protocol has a word for. The response is
 * `{"error": code, "error_description": description}`; `detail` and `cause` go to the log alone.
 */
export interface OAuthErrorOptions {
  /** A fixed, safe sentence for the client. Never put input or secrets here. */
  description?: string
  /** Extra response headers, such as `Retry-After`. */
  headers?: Readonly<Record<string, string>>
  /** What went wrong exactly, for the log alone. */
  detail?: string
  cause?: unknown
}

/** The base of every error that reaches a client by intention. */
export abstract class OAuthError extends Error {
  /** The error code on the wire (RFC 6749 §5.2, RFC 6750 §3.1, or a code of this API). */
  abstract readonly code: string
  /** The HTTP status. */
  abstract readonly status: number
  readonly description: string
  readonly headers: Readonly<Record<string, string>>
  readonly detail: string | undefined

  constructor(defaultDescription: string, options: OAuthErrorOptions = {}) {
    const description = options.description ?? defaultDescription
    super(description, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.description = description
    this.headers = Object.freeze({ ...options.headers })
    this.detail = options.detail
  }
}

/** One thing that is wrong with a request: where, and what is expected there. */
export interface ValidationIssue {
  /** The member's place, such as `username` or `a.0.b`; empty for the whole body. */
  path: string
  message: string
}

/** 400 `invalid_request` (RFC 6749 §5.2): the request is malformed. */
export class InvalidRequestError extends OAuthError {
  readonly code = 'invalid_request'
  readonly status = 400
  readonly issues: readonly ValidationIssue[] | undefined

  constructor(options: OAuthErrorOptions & { issues?: readonly ValidationIssue[] } = {}) {
    super('The request is malformed.', options)
    this.issues = options.issues
  }
}

/** 400 `invalid_grant` (RFC 6749 §5.2): the refresh token is invalid, expired, revoked or replayed. */
export class InvalidGrantError extends OAuthError {
  readonly code = 'invalid_grant'
  readonly status = 400

  constructor(options: OAuthErrorOptions = {}) {
    super('The refresh token is invalid, expired or revoked. Sign in again.', options)
  }
}

/** 401 `invalid_client` (RFC 6749 §5.2): the client did not show who it is. */
export class InvalidClientError extends OAuthError {
  readonly code = 'invalid_client'
  readonly status = 401

  constructor(options: OAuthErrorOptions = {}) {
    // RFC 9110 §15.5.2: a 401 names a way to authenticate.
    const headers = { 'WWW-Authenticate': 'Basic realm="countersign"', ...options.headers }
    super('The client could not be authenticated.', { ...options, headers })
  }
}

/** 400 `unauthorized_client` (RFC 6749 §5.2): the client may not use this grant. */
export class UnauthorizedClientError extends OAuthError {
  readonly code = 'unauthorized_client'
  readonly status = 400

  constructor(options: OAuthErrorOptions = {}) {
    super('This client may not do this.', options)
  }
}

/** 400 `unsupported_grant_type` (RFC 6749 §5.2) */
export class UnsupportedGrantTypeError extends OAuthError {
  readonly code = 'unsupported_grant_type'
  readonly status = 400

  constructor(options: OAuthErrorOptions = {}) {
    super('This grant type is not supported.', options)
  }
}

/** 400 `invalid_scope` (RFC 6749 §5.2): a scope is unknown, malformed, or more than was granted. */
export class InvalidScopeError extends OAuthError {
  readonly code = 'invalid_scope'
  readonly status = 400

  constructor(options: OAuthErrorOptions = {}) {
    super('The scope is not one that can be granted here.', options)
  }
}

/** 400 `invalid_target` (RFC 8707 §2): a resource is unknown, malformed, or more than was granted. */
export class InvalidTargetError extends OAuthError {
  readonly code = 'invalid_target'
  readonly status = 400

  constructor(options: OAuthErrorOptions = {}) {
    super('The resource is not one that tokens can be issued for here.', options)
  }
}

/** 400 `invalid_dpop_proof` (RFC 9449 §5): the proof of possession is not valid. */
export class InvalidDpopProofError extends OAuthError {
  readonly code = 'invalid_dpop_proof'
  readonly status = 400

  constructor(options: OAuthErrorOptions = {}) {
    super('The DPoP proof is not valid.', options)
  }
}

/** 400 `use_dpop_nonce` (RFC 9449 §8): the proof needs the nonce that `DPoP-Nonce` gives. */
export class UseDpopNonceError extends OAuthError {
  readonly code = 'use_dpop_nonce'
  readonly status = 400

  constructor(options: OAuthErrorOptions = {}) {
    super('The DPoP proof must hold the nonce of the DPoP-Nonce header.', options)
  }
}

/** 401 `invalid_credentials`: the same for every wrong pair of username and password. */
export class InvalidCredentialsError extends OAuthError {
  readonly code = 'invalid_credentials'
  readonly status = 401

  constructor(options: OAuthErrorOptions = {}) {
    super('The username or the password is wrong.', options)
  }
}

/** 401 `factor_required`: what was shown is right, and a second factor is missing. */
export class FactorRequiredError extends OAuthError {
  readonly code = 'factor_required'
  readonly status = 401
  /** The other members of the body: how the sign-in goes on. */
  readonly members: Readonly<Record<string, unknown>>

  constructor({ members, ...options }: OAuthErrorOptions & { members: Readonly<Record<string, unknown>> }) {
    super('This sign-in needs a second factor.', options)
    this.members = members
  }
}

/** 401 `unknown_passkey`: no passkey here has this id, so that its browser may forget it. */
export class UnknownPasskeyError extends OAuthError {
  readonly code = 'unknown_passkey'
  readonly status = 401

  constructor(options: OAuthErrorOptions = {}) {
    super('This passkey is not known here, or was removed.', options)
  }
}

/** 401 `not_signed_in`: the request carries no browser session, or one that has ended. */
export class NotSignedInError extends OAuthError {
  readonly code = 'not_signed_in'
  readonly status = 401

  constructor(options: OAuthErrorOptions = {}) {
    super('You are not signed in, or your session has ended. Sign in again.', options)
  }
}

/** 409 `session_changed`: the browser's session belongs to another user than the page shows. */
export class SessionChangedError extends OAuthError {
  readonly code = 'session_changed'
  readonly status = 409

  constructor(options: OAuthErrorOptions = {}) {
    super('Another user is signed in with this browser now. Nothing was changed. Reload the page.', options)
  }
}

/** 401 `insufficient_user_authentication` (RFC 9470 §3): the user has to sign in again, or with a second factor. */
export class InsufficientAuthenticationError extends OAuthError {
  readonly code = 'insufficient_user_authentication'
  readonly status = 401

  constructor({ maxAgeSeconds, acr }: { maxAgeSeconds: number | undefined; acr: string | undefined }) {
    const attributes = [
      'error="insufficient_user_authentication"',
      ...(acr === undefined ? [] : [`acr_values="${acr}"`]),
      ...(maxAgeSeconds === undefined ? [] : [`max_age="${maxAgeSeconds}"`])
    ]
    super('Sign in again: this needs a more recent or a stronger sign-in.', {
      headers: { 'WWW-Authenticate': `Bearer ${attributes.join(', ')}` }
    })
  }
}

/** 403 `access_denied` (RFC 6749 §4.1.2.1): this service allows it to nobody. */
export class AccessDeniedError extends OAuthError {
  readonly code = 'access_denied'
  readonly status = 403

  constructor(options: OAuthErrorOptions = {}) {
    super('This is not allowed.', options)
  }
}

/** 404 `not_found`: no such route or thing. */
export class NotFoundError extends OAuthError {
  readonly code = 'not_found'
  readonly status = 404

  constructor(options: OAuthErrorOptions = {}) {
    super('There is nothing here.', options)
  }
}

/** 405 `method_not_allowed`: the route exists, with other methods; `Allow` names them. */
export class MethodNotAllowedError extends OAuthError {
  readonly code = 'method_not_allowed'
  readonly status = 405

  constructor(options: OAuthErrorOptions = {}) {
    super('This route does not accept this method.', options)
  }
}

/** 409: the state of things does not allow this. `code` says what is in the way: `username_taken`, `last_admin`, … */
export class ConflictError extends OAuthError {
  readonly code: string
  readonly status = 409

  constructor({ code, ...options }: OAuthErrorOptions & { code: string; description: string }) {
    super(options.description, options)
    this.code = code
  }
}

/** 413 `payload_too_large`: the body is over the limit. */
export class PayloadTooLargeError extends OAuthError {
  readonly code = 'payload_too_large'
  readonly status = 413

  constructor(options: OAuthErrorOptions = {}) {
    super('The request body is too large.', options)
  }
}

/** 415 `unsupported_media_type`: the body is of another type than the route reads. */
export class UnsupportedMediaTypeError extends OAuthError {
  readonly code = 'unsupported_media_type'
  readonly status = 415

  constructor(options: OAuthErrorOptions = {}) {
    super('The request body must be JSON (Content-Type: application/json).', options)
  }
}

/** 421 `misdirected_request` (RFC 9110 §15.5.20): the request came by a name or scheme that this service does not go by. */
export class MisdirectedRequestError extends OAuthError {
  readonly code = 'misdirected_request'
  readonly status = 421

  constructor(options: OAuthErrorOptions = {}) {
    super('This service does not go by this name.', options)
  }
}

/** 429 `too_many_requests`: a limit is reached; `Retry-After` says when to come again. */
export class TooManyRequestsError extends OAuthError {
  readonly code = 'too_many_requests'
  readonly status = 429

  constructor(options: OAuthErrorOptions & { retryAfterSeconds: number }) {
    super('Too many attempts. Wait before you try again.', {
      ...options,
      headers: { ...options.headers, 'Retry-After': String(Math.max(1, Math.ceil(options.retryAfterSeconds))) }
    })
  }
}

/** 500 `server_error` (RFC 6749 §4.1.2.1): a fault of this service; no detail is revealed. */
export class ServerError extends OAuthError {
  readonly code = 'server_error'
  readonly status = 500

  constructor(options: OAuthErrorOptions = {}) {
    super('The service failed. The request id names the log entry.', options)
  }
}

/** 503 `temporarily_unavailable` (RFC 6749 §4.1.2.1): a dependency is unavailable, or the service is full. */
export class TemporarilyUnavailableError extends OAuthError {
  readonly code = 'temporarily_unavailable'
  readonly status = 503

  constructor(options: OAuthErrorOptions & { retryAfterSeconds?: number } = {}) {
    super('The service is temporarily unavailable. Try again.', {
      ...options,
      headers: { ...options.headers, 'Retry-After': String(Math.max(1, Math.ceil(options.retryAfterSeconds ?? 1))) }
    })
  }
}
