import { ScopeInsufficientError, type VerifierError, type VerifierErrorCode } from './errors.ts'

/** An error as HTTP: what a framework adapter writes out. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly error: string; readonly error_description: string }
}

/** What a challenge may tell besides the error. */
export interface ChallengeOptions {
  /** URL of the protected-resource metadata (RFC 9728 §5.1). */
  resourceMetadata?: string | undefined
}

interface Row {
  readonly status: number
  readonly error: string
  readonly description: string
  /** `bare`: without an error code, since no token was sent (RFC 6750 §3.1). `none`: the token is not at fault. */
  readonly challenge: 'bare' | 'full' | 'none'
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
const unavailable: Row = {
  status: 503,
  error: 'temporarily_unavailable',
  description: 'The access token cannot be checked right now. Try again.',
  challenge: 'none'
}

// What differs between a bad signature, key, header and claim is told to the log alone.
const invalid = invalidToken('The access token is invalid.')

const answers: Readonly<Record<VerifierErrorCode, Row>> = {
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
  ERR_DPOP_PROOF: { ...invalidToken('The DPoP proof is not valid.'), error: 'invalid_dpop_proof' },
  ERR_DPOP_NONCE: { ...invalidToken('The DPoP proof lacks the nonce that is asked for.'), error: 'use_dpop_nonce' },
  ERR_SCOPE_INSUFFICIENT: forbidden('The access token does not have the scope that this needs.'),
  ERR_ROLE_INSUFFICIENT: forbidden('The access token does not have the role that this needs.'),
  ERR_KEYS_UNAVAILABLE: unavailable,
  ERR_REVOCATIONS_UNAVAILABLE: unavailable
}

const retryAfterSeconds = 1

/**
 * The HTTP answer to an error (RFC 6750 §3): 401, 403 and 400 carry a challenge in `WWW-Authenticate`; 503 carries
 * `Retry-After` and no challenge, since the token is not known to be bad.
 */
export function httpAnswerTo(error: VerifierError, options: ChallengeOptions = {}): HttpAnswer {
  const row = answers[error.code]
  const headers: Record<string, string> = { 'Cache-Control': 'no-store' }
  if (row.challenge === 'none') headers['Retry-After'] = String(retryAfterSeconds)
  else headers['WWW-Authenticate'] = challenge(row, error, options)
  return { status: row.status, headers, body: { error: row.error, error_description: row.description } }
}

function challenge(row: Row, error: VerifierError, options: ChallengeOptions): string {
  const attributes: string[] = []
  if (row.challenge === 'full') {
    attributes.push(quoted('error', row.error), quoted('error_description', row.description))
  }
  if (error instanceof ScopeInsufficientError) attributes.push(quoted('scope', error.scopes.join(' ')))
  if (options.resourceMetadata !== undefined) attributes.push(quoted('resource_metadata', options.resourceMetadata))
  return attributes.length === 0 ? 'Bearer' : `Bearer ${attributes.join(', ')}`
}

/** A quoted-string (RFC 9110 §5.6.4). */
function quoted(name: string, value: string): string {
  return `${name}="${value.replace(/["\\]/g, '\\$&')}"`
}
