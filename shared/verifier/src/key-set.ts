import { type Clock, systemClock } from './clock.ts'
import { deferred, pause } from './deferred.ts'
import { KeysUnavailableError } from './errors.ts'
import { type Fetch, fetchKeySet } from './fetch-key-set.ts'
import { parseJsonWebKeySet } from './json-web-key-set.ts'
import { createKeyRing } from './key-ring.ts'
import type { KeySource, VerificationKey } from './key-source.ts'
import { silentLogger, type VerifierLogger } from './logger.ts'
import { checkHttpUrl, checkNumber } from './option-checks.ts'

export interface RemoteKeySetOptions {
  /** Where the issuer publishes its JWKS. */
  readonly jwksUri: string
  /** How long keys serve while the issuer is away, in seconds, from 60 to 604800 (7 days). Default 86400 (24 h). */
  readonly maxStaleKeysSeconds?: number | undefined
  readonly fetch?: Fetch | undefined
  readonly clock?: Clock | undefined
  readonly logger?: VerifierLogger | undefined
  /** From 0 to 1, for jitter. */
  readonly random?: (() => number) | undefined
}

const fetchTimeoutMilliseconds = 5_000
const maxDocumentBytes = 64 * 1024
/** An unknown `kid` makes the key set fetch at most this often. */
const unknownKidIntervalMilliseconds = 2_000
/** What the issuer's `max-age` is held to, in seconds, and what stands for it when there is none. */
const freshness = { min: 30, max: 3600, default: 300 }
const firstRetryMilliseconds = 250
const maxRetryMilliseconds = 30_000

/**
 * Makes a key source that follows an issuer's JWKS: fetched at once, refreshed in the background before it ages, and
 * served while the issuer is away. It never throws outside `find` and `ready`, and its timers keep no process alive.
 */
export function createRemoteKeySet(options: RemoteKeySetOptions): KeySource {
  const { jwksUri, maxStale, clock, logger, random, fetch } = checkOptions(options)
  const ring = createKeyRing()
  const closing = new AbortController()
  const firstLoad = deferred()
  let etag: string | undefined
  let knownAt = Number.NEGATIVE_INFINITY
  let startedAt = Number.NEGATIVE_INFINITY
  let consecutiveFailures = 0
  let inFlight: Promise<void> | undefined
  let queued: Promise<void> | undefined
  let refreshTimer: NodeJS.Timeout | undefined

  const load = async (): Promise<void> => {
    // Taken before the request: what is learnt is at least as old.
    startedAt = clock.monotonic()
    const sentAt = startedAt
    const answer = await fetchKeySet(jwksUri, {
      fetch,
      etag,
      timeoutMilliseconds: fetchTimeoutMilliseconds,
      maxBytes: maxDocumentBytes,
      signal: closing.signal
    })
    if (answer.document !== undefined) {
      const { keys, refused } = await parseJsonWebKeySet(answer.document)
      for (const { kid, reason } of refused) logger.warn({ kid, reason }, 'key of the issuer is not used')
      ring.replace(keys)
    }
    etag = answer.etag
    knownAt = sentAt
    consecutiveFailures = 0
    firstLoad.resolve()
    const maxAge = answer.maxAgeSeconds ?? freshness.default
    // Between 75 and 90 per cent of its age: before it is stale, and not in step with the other replicas.
    const share = 0.75 + 0.15 * random()
    scheduleRefresh(Math.min(Math.max(maxAge, freshness.min), freshness.max) * 1000 * share)
  }

  const fail = (cause: unknown): void => {
    consecutiveFailures++
    const ceiling = Math.min(firstRetryMilliseconds * 2 ** Math.min(consecutiveFailures - 1, 16), maxRetryMilliseconds)
    scheduleRefresh(ceiling * (0.5 + 0.5 * random()))
    if (!closing.signal.aborted) logger.warn({ err: cause, consecutiveFailures }, 'fetch of the key set failed')
  }

  /** One fetch in flight. Rejects with `KeysUnavailableError`. */
  const refresh = (): Promise<void> => {
    inFlight ??= load()
      .catch((cause: unknown) => {
        fail(cause)
        throw new KeysUnavailableError({ detail: 'the fetch of the key set failed', cause })
      })
      .finally(() => {
        inFlight = undefined
      })
    return inFlight
  }

  const scheduleRefresh = (milliseconds: number): void => {
    clearTimeout(refreshTimer)
    if (closing.signal.aborted) return
    // A fetch that others wait for already comes soon enough. A failure is in the log, and the next one is scheduled.
    refreshTimer = setTimeout(() => void (queued ?? refresh()).catch(() => {}), milliseconds)
    refreshTimer.unref()
  }

  /**
   * A fetch that starts after this call, shared by all who wait for one. The one in flight will not do: its answer may
   * have been made before the key was published, and a good token would be refused.
   */
  const refreshLater = (): Promise<void> => {
    queued ??= (async () => {
      await inFlight?.catch(() => {})
      await pause(startedAt + unknownKidIntervalMilliseconds - clock.monotonic(), closing.signal)
      queued = undefined
      return refresh()
    })()
    return queued
  }

  const isUsable = () => clock.monotonic() - knownAt <= maxStale
  const get = (kid: string): VerificationKey | undefined => (isUsable() ? ring.get(kid) : undefined)

  refresh().catch(() => {})

  return {
    get,
    async find(kid) {
      if (ring.isRemoved(kid)) return undefined
      const known = get(kid)
      if (known) return known
      // At the very start the first fetch is as good as a later one: nothing was known before it.
      await (Number.isFinite(knownAt) || !inFlight ? refreshLater() : inFlight)
      return get(kid)
    },
    remove: (kid) => ring.remove(kid),
    ready: () => firstLoad.promise,
    status: () => ({
      count: ring.size,
      ageSeconds: Number.isFinite(knownAt) ? (clock.monotonic() - knownAt) / 1000 : null,
      consecutiveFailures
    }),
    async close() {
      clearTimeout(refreshTimer)
      closing.abort()
      firstLoad.reject(new KeysUnavailableError({ detail: 'the key set was closed' }))
      await inFlight?.catch(() => {})
    }
  }
}

/** From a minute to a week; 24 h when it is not given. */
export function checkMaxStaleKeysSeconds(value: number | undefined): number {
  return checkNumber('maxStaleKeysSeconds', value ?? 86_400, 60, 604_800)
}

function checkOptions(options: RemoteKeySetOptions) {
  const { clock = systemClock, logger = silentLogger, random = Math.random } = options
  return {
    jwksUri: checkHttpUrl('jwksUri', options.jwksUri).href,
    maxStale: checkMaxStaleKeysSeconds(options.maxStaleKeysSeconds) * 1000,
    fetch: options.fetch ?? globalThis.fetch,
    clock,
    logger,
    random
  }
}
