import { describe, expect, it } from 'vitest'
import * as errors from '../../../src/errors.ts'
import { toHttpResponse } from '../../../src/http/responses.ts'

const detail = { detail: 'secret detail' }
const all = [
  new errors.BearerRequestError(detail),
  new errors.TokenMissingError(detail),
  new errors.TokenMalformedError(detail),
  new errors.TokenHeaderError(detail),
  new errors.TokenUnknownKeyError(detail),
  new errors.TokenSignatureError(detail),
  new errors.TokenClaimError('aud', detail),
  new errors.TokenExpiredError(detail),
  new errors.TokenRevokedError('sid', detail),
  new errors.TokenBindingError(detail),
  new errors.DpopProofError(detail),
  new errors.DpopNonceError(detail),
  new errors.ScopeInsufficientError(['read', 'write'], detail),
  new errors.RoleInsufficientError('admin', detail),
  new errors.KeysUnavailableError(detail),
  new errors.RevocationsUnavailableError(detail),
  new errors.DpopReplaysUnavailableError(detail)
]

const algs = 'algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"'

describe('the HTTP response to a verifier error (RFC 6750 §3)', () => {
  it('has the right status and error code for each error', () => {
    const responses = Object.fromEntries(
      all.map((error) => [error.code, `${toHttpResponse(error).status} ${toHttpResponse(error).body.error}`])
    )
    expect(responses).toEqual({
      ERR_BEARER_REQUEST: '400 invalid_request',
      ERR_TOKEN_MISSING: '401 missing_token',
      ERR_TOKEN_MALFORMED: '401 invalid_token',
      ERR_TOKEN_HEADER: '401 invalid_token',
      ERR_TOKEN_UNKNOWN_KEY: '401 invalid_token',
      ERR_TOKEN_SIGNATURE: '401 invalid_token',
      ERR_TOKEN_CLAIM: '401 invalid_token',
      ERR_TOKEN_EXPIRED: '401 invalid_token',
      ERR_TOKEN_REVOKED: '401 invalid_token',
      ERR_TOKEN_BINDING: '401 invalid_token',
      ERR_DPOP_PROOF: '401 invalid_dpop_proof',
      ERR_DPOP_NONCE: '401 use_dpop_nonce',
      ERR_SCOPE_INSUFFICIENT: '403 insufficient_scope',
      ERR_ROLE_INSUFFICIENT: '403 insufficient_scope',
      ERR_KEYS_UNAVAILABLE: '503 temporarily_unavailable',
      ERR_REVOCATIONS_UNAVAILABLE: '503 temporarily_unavailable',
      ERR_DPOP_REPLAYS_UNAVAILABLE: '503 temporarily_unavailable'
    })
  })

  it('challenges everything but 503, which names a time to come again instead', () => {
    for (const error of all) {
      const { status, headers } = toHttpResponse(error)
      expect('WWW-Authenticate' in headers, error.code).toBe(status !== 503)
      expect('Retry-After' in headers, error.code).toBe(status === 503)
      expect(headers['Cache-Control']).toBe('no-store')
    }
  })

  it('challenges a request without a token with both schemes, and no error (RFC 9449 §7.2)', () => {
    expect(toHttpResponse(new errors.TokenMissingError()).headers['WWW-Authenticate']).toBe(
      `Bearer realm="api", DPoP ${algs}`
    )
  })

  it('challenges in the scheme that the request used', () => {
    const challenge = (error: errors.VerifierError, scheme?: 'Bearer' | 'DPoP') =>
      toHttpResponse(error, { scheme }).headers['WWW-Authenticate']
    const attributes = 'error="invalid_token", error_description="The access token has expired."'
    expect(challenge(new errors.TokenExpiredError())).toBe(`Bearer ${attributes}`)
    expect(challenge(new errors.TokenExpiredError(), 'Bearer')).toBe(`Bearer ${attributes}`)
    expect(challenge(new errors.TokenExpiredError(), 'DPoP')).toBe(`DPoP ${attributes}, ${algs}`)
  })

  it('challenges with DPoP when its proof is at fault, also where a bound token came as a bearer token', () => {
    for (const error of [new errors.TokenBindingError(), new errors.DpopProofError(), new errors.DpopNonceError()]) {
      const { headers, body } = toHttpResponse(error, { scheme: 'Bearer' })
      const { error: code, error_description: description } = body
      const expected = `DPoP error="${code}", error_description="${description}", ${algs}`
      expect(headers['WWW-Authenticate']).toBe(expected)
    }
  })

  it('names the error, the needed scopes and the resource metadata in the challenge (RFC 9728 §5.1)', () => {
    const resourceMetadata = 'https://api.example.com/.well-known/oauth-protected-resource'
    expect(toHttpResponse(new errors.TokenMissingError(), { resourceMetadata }).headers['WWW-Authenticate']).toBe(
      `Bearer resource_metadata="${resourceMetadata}", DPoP ${algs}, resource_metadata="${resourceMetadata}"`
    )
    expect(
      toHttpResponse(new errors.ScopeInsufficientError(['read', 'write']), { resourceMetadata }).headers[
        'WWW-Authenticate'
      ]
    ).toBe(
      'Bearer error="insufficient_scope", error_description="The access token does not have the scope that this needs.", ' +
        `scope="read write", resource_metadata="${resourceMetadata}"`
    )
  })

  it('names the scopes to ask for where there is no valid token, and else those that are missing (RFC 6750 §3)', () => {
    const challengeOf = (error: errors.VerifierError) =>
      toHttpResponse(error, { scopes: ['read', 'write'] }).headers['WWW-Authenticate']
    expect(challengeOf(new errors.TokenMissingError())).toBe(
      `Bearer scope="read write", DPoP scope="read write", ${algs}`
    )
    const description = 'The access token was revoked.'
    expect(challengeOf(new errors.TokenRevokedError(undefined))).toBe(
      `Bearer error="invalid_token", error_description="${description}", scope="read write"`
    )
    expect(challengeOf(new errors.ScopeInsufficientError(['admin']))).toMatch(/, scope="admin"$/)
    expect(challengeOf(new errors.BearerRequestError())).not.toContain('scope')
    expect(toHttpResponse(new errors.TokenMissingError(), { scopes: [] }).headers['WWW-Authenticate']).not.toContain(
      'scope'
    )
  })

  it('never tells the detail', () => {
    for (const error of all) expect(JSON.stringify(toHttpResponse(error))).not.toContain('secret')
  })
})
