import type { Fetch } from '../fetch.ts'
import type { FollowingVerifier, RevocableIdentifiers } from '../revocation/feed.ts'
import { askIssuer } from './ask-issuer.ts'
import { runBounded } from './bounded-work.ts'
import { discoverFeed, type FeedEndpoints, feedEndpointsAt } from './feed-endpoints.ts'

/** Where a service's own token comes from: `createServiceTokenSource` of `@countersign/service-tokens` makes one. */
export interface TokenSource {
  /** A token that is valid now. */
  getToken(): Promise<string>
  /** Says that the token was refused (401). */
  invalidate?(token: string): void
}

/** Where the issuer's feed is, and what shows that this service may follow it. */
export interface IssuerFeedOptions {
  /** Gets tokens for the issuer with the scope `revocations:read`. Not needed where the issuer's feed is open, as with `npm start`. */
  readonly token?: TokenSource | undefined
  /**
   * Where the feed is, when this service reaches the issuer by another address than others do. Default: the
   * `revocation_feed_endpoint` in the issuer's metadata (RFC 8414).
   */
  readonly feedUri?: string | undefined
}

/** Where the next stream is, and the token for it. */
export interface StreamAddress {
  readonly feedUri: string
  readonly token: string | undefined
}

/** The way to an issuer: what is to be known before a request can be sent. */
export interface IssuerConnection {
  readonly fetch: Fetch
  /** @throws when it cannot be known in time */
  streamAddress(): Promise<StreamAddress>
  /** Asks about one token. @throws when there is no response in time */
  ask(identifiers: RevocableIdentifiers): Promise<boolean>
  /** The next use asks the issuer's metadata again. */
  forgetEndpoints(): void
  /** Says that the token was refused (401). */
  invalidate(token: string | undefined): void
}

export interface IssuerConnectionParts extends IssuerFeedOptions {
  readonly verifier: FollowingVerifier | undefined
  readonly signal: AbortSignal
}

const responseMilliseconds = 500
/** For the metadata and a token. */
const preparationMilliseconds = 5000

export function createIssuerConnection({ token, feedUri, verifier, signal }: IssuerConnectionParts): IssuerConnection {
  const fetch: Fetch = verifier?.fetch ?? ((url, init) => globalThis.fetch(url, init))
  let known = feedUri === undefined ? undefined : feedEndpointsAt(feedUri)
  const endpoints = async (within: AbortSignal): Promise<FeedEndpoints> => {
    if (verifier === undefined && !known) throw new Error('the issuer is not known; pass feedUri')
    known ??= await discoverFeed(verifier?.issuer ?? '', fetch, within)
    return known
  }
  return {
    fetch,
    streamAddress: () =>
      runBounded({ signal, milliseconds: preparationMilliseconds }, async (abort) => {
        const { feed } = await endpoints(abort.signal)
        return { feedUri: feed, token: await token?.getToken() }
      }),
    ask: (identifiers) =>
      runBounded({ signal, milliseconds: responseMilliseconds }, async (abort) => {
        const { check } = await endpoints(abort.signal)
        const parts = { checkUri: check, token: await token?.getToken(), fetch, signal: abort.signal }
        return askIssuer(parts, identifiers)
      }),
    forgetEndpoints() {
      if (feedUri === undefined) known = undefined
    },
    invalidate(refused) {
      if (refused !== undefined) token?.invalidate?.(refused)
    }
  }
}
