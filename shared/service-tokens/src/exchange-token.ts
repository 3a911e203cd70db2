import { checkOptions, type ServiceTokenSourceOptions } from './source-options.ts'
import type { GrantedToken } from './token-endpoint.ts'
import { requestGrant } from './token-request.ts'

export interface TokenExchangeOptions extends ServiceTokenSourceOptions {
  /** The access token of the user, which this service was sent and has verified. */
  readonly subjectToken: string
  /** Gives the exchange up, with its reason. */
  readonly signal?: AbortSignal | undefined
}

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/**
 * Gets a token by which this service acts for the user of another one (RFC 8693). Nothing is cached: the token is as much
 * the user's as the one before, and lives no longer.
 * @throws {ServiceTokenError}
 * @throws {TypeError} for options that cannot work
 */
export async function exchangeToken(options: TokenExchangeOptions): Promise<GrantedToken> {
  const { subjectToken, signal = new AbortController().signal } = options
  if (typeof subjectToken !== 'string' || subjectToken === '') {
    throw new TypeError('subjectToken must be a non-empty string')
  }
  const grant = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: accessTokenType
  }
  return requestGrant(checkOptions(options), grant, signal)
}
