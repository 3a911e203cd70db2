import { show } from '../describe-difference.ts'
import type { Fetch } from '../fetch.ts'
import { readBounded, TooLongError } from '../read-bounded.ts'
import { KeySetRefusedError } from './json-web-key-set.ts'

export interface FetchKeySetOptions {
  readonly fetch: Fetch
  /** For the whole exchange, body included. */
  readonly timeoutMilliseconds: number
  readonly maxBytes: number
  /** The `ETag` of the document that is known. */
  readonly etag?: string | undefined
  /** Asks caches on the way for the issuer's own word (RFC 9111 §5.2.1.4). */
  readonly isRevalidated?: boolean
  /** Gives the exchange up. */
  readonly signal: AbortSignal
}

/** The issuer's response to a request for its JWKS. */
export interface FetchedKeySet {
  /** The JSON document; `undefined` when it has not changed (304). */
  readonly document: unknown
  readonly etag: string | undefined
  /** Seconds for which the response is still fresh (RFC 9111 §4.2.1); `undefined` when it does not say. */
  readonly maxAgeSeconds: number | undefined
  /** The server's clock when it made the response, in milliseconds since 1970; `undefined` when it does not say. */
  readonly serverTime: number | undefined
}

const contentType = /^application\/(?:jwk-set\+)?json\s*(?:;|$)/i

/**
 * Fetches a JWKS document. Redirects are rejected: configuration alone decides which URL has the issuer's keys.
 *
 * @throws {KeySetRefusedError} for 200 with anything but JSON inside the bounds.
 * @throws {Error} when there is no response in time, or a status other than 200, and 304 to a request that allows it.
 */
export async function fetchKeySet(url: string, options: FetchKeySetOptions): Promise<FetchedKeySet> {
  if (options.signal.aborted) throw new Error('given up')
  const abort = new AbortController()
  const giveUp = () => abort.abort(new Error('given up'))
  const timer = setTimeout(() => abort.abort(new Error('timed out')), options.timeoutMilliseconds)
  options.signal.addEventListener('abort', giveUp, { once: true })
  try {
    // Raced as well as passed on: a fetch, or a body, that does not heed its signal must not hold everyone up.
    return await Promise.race([exchange(url, options, abort.signal), rejectionOf(abort.signal)])
  } finally {
    clearTimeout(timer)
    options.signal.removeEventListener('abort', giveUp)
    abort.abort()
  }
}

async function exchange(url: string, options: FetchKeySetOptions, signal: AbortSignal): Promise<FetchedKeySet> {
  const headers: Record<string, string> = { Accept: 'application/jwk-set+json, application/json' }
  if (options.etag !== undefined) headers['If-None-Match'] = options.etag
  if (options.isRevalidated) headers['Cache-Control'] = 'no-cache'
  const response = await options.fetch(url, { headers, signal, redirect: 'manual' })
  const etag = response.headers.get('etag') ?? undefined
  const maxAgeSeconds = freshnessOf(response.headers)
  const serverTime = serverTimeOf(response.headers)
  if (response.status === 304 && options.etag !== undefined) {
    return { document: undefined, etag: etag ?? options.etag, maxAgeSeconds, serverTime }
  }
  if (response.status !== 200 || response.redirected) throw new Error(statusOf(response))
  if (!contentType.test(response.headers.get('content-type') ?? '')) {
    throw new KeySetRefusedError('not JSON by its Content-Type')
  }
  const body = await readBounded(response, options.maxBytes).catch((error: unknown) => {
    throw error instanceof TooLongError ? new KeySetRefusedError(error.message) : error
  })
  return { document: parse(body), etag, maxAgeSeconds, serverTime }
}

/** The status of the response, and the likely mistake. */
function statusOf({ status, headers }: Response): string {
  const location = headers.get('location')
  if (location !== null)
    return `status ${status}: a redirect to ${show(location)}, which is not followed; name that URL`
  if (status === 404) return 'status 404: there is no key set at this URL'
  return `status ${status}`
}

function serverTimeOf(headers: Headers): number | undefined {
  const at = Date.parse(headers.get('date') ?? '')
  // A cache sends what it keeps with the date of the day, and its age.
  return Number.isNaN(at) || headers.has('age') ? undefined : at
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw new KeySetRefusedError('not JSON', { cause })
  }
}

function freshnessOf(headers: Headers): number | undefined {
  const cacheControl = headers.get('cache-control') ?? ''
  if (/(?:^|[\s,])no-(?:store|cache)\b/i.test(cacheControl)) return 0
  const maxAge = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(cacheControl)?.[1]
  if (maxAge === undefined) return undefined
  const age = /^\d+$/.exec(headers.get('age') ?? '')?.[0] ?? '0'
  return Math.max(0, Number(maxAge) - Number(age))
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
