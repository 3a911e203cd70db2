import type { Fetch } from '../fetch.ts'
import { readJsonObject } from './read-json-object.ts'

/** Where an issuer's feed is. */
export interface FeedEndpoints {
  readonly feed: string
  readonly check: string
}

const maxMetadataBytes = 64 * 1024

/**
 * Reads the issuer's metadata (RFC 8414 §3).
 *
 * @throws when it is not this issuer's, or names no feed
 */
export async function discoverFeed(issuer: string, fetch: Fetch, signal: AbortSignal): Promise<FeedEndpoints> {
  const url = metadataUrlOf(issuer)
  const response = await fetch(url, { headers: { Accept: 'application/json' }, signal, redirect: 'manual' })
  if (response.status !== 200) throw new Error(`status ${response.status} at ${url}`)
  const metadata = await readJsonObject(response, maxMetadataBytes)
  if (metadata.issuer !== issuer) throw new Error(`the metadata at ${url} is of another issuer`)
  return {
    feed: endpointIn(metadata, 'revocation_feed_endpoint', issuer),
    check: endpointIn(metadata, 'revocation_check_endpoint', issuer)
  }
}

/** The endpoints at an address that the issuer's metadata does not name. */
export function feedEndpointsAt(feedUri: string): FeedEndpoints {
  return { feed: feedUri, check: new URL('check', feedUri).href }
}

/** Between host and path of the issuer (RFC 8414 §3.1). */
function metadataUrlOf(issuer: string): string {
  const { origin, pathname } = new URL(issuer)
  return `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`
}

function endpointIn(metadata: Readonly<Record<string, unknown>>, name: string, issuer: string): string {
  const endpoint = metadata[name]
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) throw new Error(`the issuer's metadata has no ${name}`)
  // The service's own token goes there.
  if (new URL(endpoint).origin !== new URL(issuer).origin) throw new Error(`${name} is not of the issuer's origin`)
  return endpoint
}
