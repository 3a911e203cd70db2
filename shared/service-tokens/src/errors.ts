/** Why there is no access token. Stable. */
export type ServiceTokenErrorCode =
  | 'ERR_TOKEN_ENDPOINT_UNREACHABLE'
  | 'ERR_TOKEN_ENDPOINT_REFUSED'
  | 'ERR_TOKEN_ENDPOINT_RESPONSE'
  | 'ERR_TOKEN_SOURCE_CLOSED'

export interface ServiceTokenErrorOptions {
  /** The HTTP status, when there was a response. */
  readonly status?: number | undefined
  /** The OAuth error code of the response (RFC 6749 §5.2), when it had one. */
  readonly oauthError?: string | undefined
  /** The sentence for developers that came with it (RFC 6749 §5.2). */
  readonly oauthErrorDescription?: string | undefined
  readonly cause?: unknown
}

const messages: Readonly<Record<ServiceTokenErrorCode, string>> = {
  ERR_TOKEN_ENDPOINT_UNREACHABLE: 'the token endpoint cannot be reached, or does not respond',
  ERR_TOKEN_ENDPOINT_REFUSED: 'the token endpoint refused the request',
  ERR_TOKEN_ENDPOINT_RESPONSE: 'the response of the token endpoint is not a token response',
  ERR_TOKEN_SOURCE_CLOSED: 'the token source was closed'
}

/**
 * No access token is available.
 *
 * - `ERR_TOKEN_ENDPOINT_UNREACHABLE`: no response in time, or 429, or a status from 500 on. Trying again may help.
 * - `ERR_TOKEN_ENDPOINT_REFUSED`: the endpoint returned an OAuth error; `oauthError` (`invalid_client`, `invalid_scope`, …), `oauthErrorDescription` and `status`
 *   tell why.
 * - `ERR_TOKEN_ENDPOINT_RESPONSE`: the response does not look like that of a token endpoint: a wrong URL, or a proxy between.
 * - `ERR_TOKEN_SOURCE_CLOSED`: `close()` was called.
 *
 * Neither the message nor a member holds a token, an assertion or a key.
 */
export class ServiceTokenError extends Error {
  override readonly name = 'ServiceTokenError'
  readonly code: ServiceTokenErrorCode
  readonly status: number | undefined
  readonly oauthError: string | undefined
  readonly oauthErrorDescription: string | undefined

  constructor(code: ServiceTokenErrorCode, detail?: string, options: ServiceTokenErrorOptions = {}) {
    const message = detail === undefined ? messages[code] : `${messages[code]}: ${detail}`
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = options.status
    this.oauthError = options.oauthError
    this.oauthErrorDescription = options.oauthErrorDescription
  }
}
