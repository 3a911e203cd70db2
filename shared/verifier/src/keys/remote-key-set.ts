import { type Clock, systemClock } from '../clock.ts'
import { deferred } from '../deferred.ts'
import { KeysUnavailableError } from '../errors.ts'
import type { Fetch } from '../fetch.ts'
import { silentLogger, type VerifierLogger } from '../logger.ts'
import { checkHttpUrl, checkNumber } from '../option-checks.ts'
import { fetchKeySet } from './fetch-key-set.ts'
import { createFetchLog } from './fetch-log.ts'
import { type Attempt, createFetchScheduler } from './fetch-scheduler.ts'
import { parseJsonWebKeySet } from './json-web-key-set.ts'
import type { KeySource, VerificationKey } from './key-source.ts'
import { createLookupQueue } from './lookup-queue.ts'
import { createVerificationKeys } from './verification-keys.ts'

/** Where the keys are, and how they are kept. */
export interface RemoteKeySetOptions {
  /** Where the issuer publishes its JWKS. */
  readonly jwksUri: string
  /** How long keys serve while the issuer is down, in seconds, from 60 to 604800 (7 days). Default 86400 (24 h). */
  readonly maxStaleKeysSeconds?: number | undefined
  /** Default: the platform's. */
  readonly fetch?: Fetch | undefined
  /** Default: the system's. */
  readonly clock?: Clock | undefined
  /** Notified of changes and failures. Default: silent. */
  readonly logger?: VerifierLogger | undefined
  /** From 0 to 1, for jitter. */
  readonly random?: (() => number) | undefined
}

/** The most that `maxStaleKeysSeconds` can be, 7 days: how long a verifier may still have a revoked key. */
export const maxStaleKeysSecondsLimit = 604_800

const fetchTimeoutMilliseconds = 5_000
const maxDocumentBytes = 64 * 1024
/** An unknown `kid`, or a `kid` on the denylist, makes the key set fetch at most this often. */
const askedIntervalMilliseconds = 2_000
/** What the issuer's `max-age` is held to, in seconds, and its default. */
const freshness = { min: 30, max: 3600, default: 300 }
const firstRetryMilliseconds = 250
const maxRetryMilliseconds = 30_000
/** Enough for 5,000 unknown kids a second. Each that waits costs 5 KiB, or 13 with the longest token: 130 MB at most. */
const lookupQueue = { max: 10_000, perTurn: 50 }

/**
 * Makes a key source that follows an issuer's JWKS: fetched at once, refreshed in the background before it ages, and
 * served while the issuer is down. It fetches soon when an unknown `kid` is looked for, and when the denylist names one
 * for the first time. It never throws outside `find` and `ready`, and its timers keep no process alive.
 */
export function createRemoteKeySet(options: RemoteKeySetOptions): KeySource {
  const { jwksUri, maxStale, clock, logger, random, fetch } = checkOptions(options)
  const verificationKeys = createVerificationKeys()
  const record = createFetchLog(logger, jwksUri)
  const lookups = createLookupQueue(lookupQueue)
  const closing = new AbortController()
  const { signal } = closing
  const firstLoad = deferred()
  let etag: string | undefined
  let knownAt = Number.NEGATIVE_INFINITY

  const load = async (isRevalidated: boolean): Promise<number> => {
    // Taken before the request, since the response may be as old as that.
    const sentAt = clock.monotonic()
    const bounds = { timeoutMilliseconds: fetchTimeoutMilliseconds, maxBytes: maxDocumentBytes }
    const response = await fetchKeySet(jwksUri, { fetch, etag, ...bounds, isRevalidated, signal })
    const parsed = response.document === undefined ? undefined : await parseJsonWebKeySet(response.document)
    const change = parsed && verificationKeys.replace(parsed.keys)
    // Only now: the ETag of a refused document would make its good successor look unchanged.
    etag = response.etag
    knownAt = sentAt
    firstLoad.resolve()
    if (response.serverTime !== undefined) record.compareClocks((response.serverTime - clock.now()) / 1000)
    record.succeeded(parsed && change && { change, ignored: parsed.ignored, count: verificationKeys.size })
    return refreshDelay(response.maxAgeSeconds, random())
  }
  const attempt = async (isAsked: boolean): Promise<Attempt> => {
    try {
      return { nextInMilliseconds: await load(isAsked) }
    } catch (cause) {
      if (!signal.aborted) record.failed(cause)
      const error = new KeysUnavailableError({ detail: 'the fetch of the key set failed', cause })
      return { nextInMilliseconds: retryDelay(record.consecutiveFailures, random()), error }
    }
  }
  const scheduler = createFetchScheduler({
    attempt,
    intervalMilliseconds: askedIntervalMilliseconds,
    clock,
    random,
    signal
  })
  const isLoaded = () => Number.isFinite(knownAt)
  const isUsable = () => clock.monotonic() - knownAt <= maxStale
  const get = (kid: string): VerificationKey | undefined => (isUsable() ? verificationKeys.get(kid) : undefined)
  // At the very start the first fetch is as good as a later one: nothing was known before it.
  const fetchFor = () => (isLoaded() ? undefined : scheduler.current()) ?? scheduler.next()

  scheduler.start()

  return {
    get,
    async find(kid) {
      if (verificationKeys.isRemoved(kid)) return undefined
      return get(kid) ?? lookups.after(fetchFor, () => get(kid))
    },
    remove(kid) {
      // A feed repeats its entries each time it connects.
      if (verificationKeys.isRemoved(kid)) return
      if (verificationKeys.remove(kid)) record.revoked(kid, verificationKeys.size)
      // Before the first keys there is a fetch under way, or one to come, and the past asks for none.
      if (isLoaded()) scheduler.hint()
    },
    ready: () => firstLoad.promise,
    status: () => ({
      count: verificationKeys.size,
      ageSeconds: isLoaded() ? (clock.monotonic() - knownAt) / 1000 : null,
      consecutiveFailures: record.consecutiveFailures,
      fetches: record.fetches(),
      ignoredKeys: record.ignoredKeys
    }),
    async close() {
      closing.abort()
      firstLoad.reject(new KeysUnavailableError({ detail: 'the key set was closed' }))
      await scheduler.stop()
    }
  }
}

/** Between 75 and 90 per cent of its age: before it is stale, and not in step with the other replicas. */
function refreshDelay(maxAgeSeconds = freshness.default, chance: number): number {
  const seconds = Math.min(Math.max(maxAgeSeconds, freshness.min), freshness.max)
  return seconds * 1000 * (0.75 + 0.15 * chance)
}

/** Doubles with each failure, and the half of it is chance. */
function retryDelay(failures: number, chance: number): number {
  const ceiling = Math.min(firstRetryMilliseconds * 2 ** Math.min(Math.max(failures - 1, 0), 16), maxRetryMilliseconds)
  return ceiling * (0.5 + 0.5 * chance)
}

/** From a minute to a week; 24 h when it is not given. */
export function checkMaxStaleKeysSeconds(value: number | undefined): number {
  return checkNumber('maxStaleKeysSeconds', value ?? 86_400, 60, maxStaleKeysSecondsLimit)
}

function checkOptions(options: RemoteKeySetOptions) {
  const { clock = systemClock, logger = silentLogger, random = Math.random } = options
  return {
    jwksUri: checkHttpUrl('jwksUri', options.jwksUri).href,
    maxStale: checkMaxStaleKeysSeconds(options.maxStaleKeysSeconds) * 1000,
    // Called as a function of its own: some runtimes refuse it as a method of anything else.
    fetch: options.fetch ?? ((url: string, init: RequestInit) => globalThis.fetch(url, init)),
    clock,
    logger,
    random
  }
}
