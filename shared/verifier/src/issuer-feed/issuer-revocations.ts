import { checkHttpUrl, checkMethods } from '../option-checks.ts'
import type { RevocationFeed } from '../revocation/feed.ts'
import type { RevocationOptions, StalePolicy } from '../revocation/revocations.ts'
import { followIssuer } from './follow-issuer.ts'
import { createIssuerConnection, type IssuerConnection, type IssuerFeedOptions } from './issuer-connection.ts'

/** The issuer's feed, and what to do when the issuer is down. */
export interface IssuerRevocationsOptions extends IssuerFeedOptions {
  /** Default `reject`. */
  readonly whenStale?: StalePolicy | undefined
  /** How old the view may be, in seconds, from 1 to 3600. Default 5. */
  readonly maxStalenessSeconds?: number | undefined
}

/**
 * Gets revocations from the issuer over HTTP, for the `revocations` of `createAccessTokenVerifier`. It needs
 * nothing but the issuer's address. While the issuer is down, the view grows stale. Not connected before the verifier is made.
 *
 * @example
 * ```ts
 * const verifier = createAccessTokenVerifier({
 *   issuer: 'http://localhost:4000',
 *   audience: 'http://localhost:4001',
 *   revocations: issuerRevocations()
 * })
 * ```
 */
export function issuerRevocations(options: IssuerRevocationsOptions = {}): RevocationOptions {
  const { whenStale, maxStalenessSeconds } = options
  return { feed: createIssuerRevocationFeed(options), whenStale, maxStalenessSeconds }
}

/** The feed alone. A mistake in the options is a `TypeError`. */
export function createIssuerRevocationFeed({ token, feedUri }: IssuerFeedOptions = {}): RevocationFeed {
  if (token !== undefined) checkMethods('token', token, ['getToken'])
  if (feedUri !== undefined) checkHttpUrl('feedUri', feedUri)
  const closing = new AbortController()
  let following: Promise<void> | undefined
  let connection: IssuerConnection | undefined

  return {
    likelyMistake: 'is this the issuer, and does it let this service follow its feed?',
    follow(sink, clock, verifier) {
      if (following) throw new TypeError('a revocation feed has one follower')
      connection = createIssuerConnection({ token, feedUri, verifier, signal: closing.signal })
      following = followIssuer({ connection, sink, clock, signal: closing.signal })
    },
    async checkDirectly(identifiers) {
      if (!connection) throw new Error('the feed is not followed yet')
      return connection.ask(identifiers)
    },
    async close() {
      closing.abort()
      await following
    }
  }
}
