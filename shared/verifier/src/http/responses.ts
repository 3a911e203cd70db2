import { dpopAlgorithms } from '../dpop/key.ts'
import {
  AuthenticationInsufficientError,
  ScopeInsufficientError,
  type VerifierError,
  type VerifierErrorCode
} from '../errors.ts'
import type { AccessTokenScheme } from './presented-token.ts'

/** The media type of a response's body, for frameworks that do not set it. */
export const jsonMediaType = 'application/json; charset=utf-8'

/** An error as HTTP: what a framework adapter writes out. */
export interface HttpResponse {
  /** 400, 401, 403 or 503. */
  readonly status: number
  /** All but `Content-Type`. */
  readonly headers: Readonly<Record<string, string>>
  /** To be written as JSON. */
  readonly body: { readonly error: string; readonly error_description: string }
}

/** What a challenge may tell besides the error. */
export interface ChallengeOptions {
  /** URL of the protected-resource metadata (RFC 9728 §5.1). */
  resourceMetadata?: string | undefined
  /** The scopes to ask for, for a client that has no valid token (RFC 6750 §3). */
  scopes?: readonly string[] | undefined
  /** The scheme under which the token came. Default `Bearer`. */
  scheme?: AccessTokenScheme | undefined
}

interface Row {
  readonly status: number
  readonly error: string
  readonly description: string
  /** `bare`: without an error code, since no token was sent (RFC 6750 §3.1). `none`: the token is not at fault. */
  readonly challenge: 'bare' | 'full' | 'none'
  /** The scheme that the client has to use, whichever it did. */
  readonly scheme?: AccessTokenScheme
}

const invalidToken = (description: string): Row => ({
  status: 401,
  error: 'invalid_token',
  description,
  challenge: 'full'
})
const forbidden = (description: string): Row => ({
  status: 403,
  error: 'insufficient_scope',
  description,
  challenge: 'full'
})
const dpopFault = (error: string, description: string): Row => ({
  status: 401,
  error,
  description,
  challenge: 'full',
  scheme: 'DPoP'
})
const unavailable: Row = {
  status: 503,
  error: 'temporarily_unavailable',
  description: 'The access token cannot be checked right now. Try again.',
  challenge: 'none'
}

// What differs between an invalid signature, key, header and claim goes to the log alone.
const invalid = invalidToken('The access token is invalid.')

const rows: Readonly<Record<VerifierErrorCode, Row>> = {
  ERR_BEARER_REQUEST: {
    status: 400,
    error: 'invalid_request',
    description: 'Send exactly one access token, in the Authorization header.',
    challenge: 'full'
  },
  ERR_TOKEN_MISSING: {
    status: 401,
    error: 'missing_token',
    description: 'Send an access token in the Authorization header.',
    challenge: 'bare'
  },
  ERR_TOKEN_MALFORMED: invalid,
  ERR_TOKEN_HEADER: invalid,
  ERR_TOKEN_UNKNOWN_KEY: invalid,
  ERR_TOKEN_SIGNATURE: invalid,
  ERR_TOKEN_CLAIM: invalid,
  ERR_TOKEN_EXPIRED: invalidToken('The access token has expired.'),
  ERR_TOKEN_REVOKED: invalidToken('The access token was revoked.'),
  ERR_TOKEN_BINDING: {
    ...invalidToken('The access token must be presented as it is bound: with a DPoP proof of its key, or without one.'),
    scheme: 'DPoP'
  },
  ERR_DPOP_PROOF: dpopFault('invalid_dpop_proof', 'The DPoP proof is not valid.'),
  ERR_DPOP_NONCE: dpopFault('use_dpop_nonce', 'The DPoP proof must hold the nonce of the DPoP-Nonce header.'),
  ERR_SCOPE_INSUFFICIENT: forbidden('The access token does not have the scope that this needs.'),
  ERR_ROLE_INSUFFICIENT: forbidden('The access token does not have the role that this needs.'),
  ERR_AUTHENTICATION_INSUFFICIENT: {
    status: 401,
    error: 'insufficient_user_authentication',
    description: 'Sign in again: this needs a more recent or a stronger sign-in.',
    challenge: 'full'
  },
  ERR_KEYS_UNAVAILABLE: unavailable,
  ERR_REVOCATIONS_UNAVAILABLE: unavailable,
  ERR_DPOP_REPLAYS_UNAVAILABLE: unavailable
}

const retryAfterSeconds = 1

/**
 * The HTTP response to an error (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3): 401, 403 and 400 carry a challenge in `WWW-Authenticate`; 503
 * carries `Retry-After` and no challenge, since the token is not known to be bad.
 */
export function toHttpResponse(error: VerifierError, options: ChallengeOptions = {}): HttpResponse {
  const row = rows[error.code]
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' }
  if (row.challenge === 'none') headers['Retry-After'] = String(retryAfterSeconds)
  else headers['WWW-Authenticate'] = challenges(row, error, options)
  return { status: row.status, headers, body: { error: row.error, error_description: row.description } }
}

function challenges(row: Row, error: VerifierError, options: ChallengeOptions): string {
  // A request without a token gets both challenges, as in RFC 9449 §7.2; any other error belongs to one scheme.
  const scopes = options.scopes?.length ? [quoted('scope', options.scopes.join(' '))] : []
  if (row.challenge === 'bare') return `${challenge('Bearer', scopes, options)}, ${challenge('DPoP', scopes, options)}`
  const attributes = [quoted('error', row.error), quoted('error_description', row.description)]
  if (row.error === 'invalid_token') attributes.push(...scopes)
  if (error instanceof ScopeInsufficientError) attributes.push(quoted('scope', error.scopes.join(' ')))
  if (error instanceof AuthenticationInsufficientError) {
    const { acr, maxAgeSeconds } = error.requirement
    if (acr !== undefined) attributes.push(quoted('acr_values', acr))
    if (maxAgeSeconds !== undefined) attributes.push(quoted('max_age', String(maxAgeSeconds)))
  }
  return challenge(row.scheme ?? options.scheme ?? 'Bearer', attributes, options)
}

function challenge(scheme: AccessTokenScheme, attributes: readonly string[], options: ChallengeOptions): string {
  const { resourceMetadata } = options
  const all = [
    ...attributes,
    ...(scheme === 'DPoP' ? [quoted('algs', dpopAlgorithms.join(' '))] : []),
    ...(resourceMetadata === undefined ? [] : [quoted('resource_metadata', resourceMetadata)])
  ]
  // RFC 6750 §3: the scheme is followed by at least one parameter.
  return `${scheme} ${all.length === 0 ? quoted('realm', 'api') : all.join(', ')}`
}

/** A quoted-string (RFC 9110 §5.6.4). */
function quoted(name: string, value: string): string {
  return `${name}="${value.replace(/["\\]/g, '\\$&')}"`
}
