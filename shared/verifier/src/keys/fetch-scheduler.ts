import type { Clock } from '../clock.ts'
import { pause } from '../deferred.ts'

/** What became of an attempt to fetch. */
export interface Attempt {
  /** When to fetch again, whatever happens. */
  readonly nextInMilliseconds: number
  /** Given to all who wait, when the attempt failed. */
  readonly error?: Error
}

export interface FetchSchedulerOptions {
  /** Makes one attempt. Never rejects. `isAsked`: something has happened that is not known to caches on the way. */
  readonly attempt: (isAsked: boolean) => Promise<Attempt>
  /** What is asked for starts at least so long after the fetch before it. */
  readonly intervalMilliseconds: number
  readonly clock: Clock
  /** From 0 to 1, for jitter. */
  readonly random: () => number
  /** Ends every pause and starts nothing any more. */
  readonly signal: AbortSignal
}

/** When to fetch: at a given time, and when it is asked for; never twice at once. */
export interface FetchScheduler {
  /** Starts the first fetch. */
  start(): void
  /** The fetch in flight. Rejects with its error. */
  current(): Promise<void> | undefined
  /**
   * A fetch that starts after this call, shared by all who ask for one, at most one in each interval. The one in flight
   * will not do: its response may be older than what the caller looks for. Rejects with its error.
   */
  next(): Promise<void>
  /** Asks for a fetch within about a second. Not at once, since every verifier gets the same denylist entry at this moment. */
  hint(): void
  /** Resolves once nothing is in flight. The signal must be aborted before. */
  stop(): Promise<void>
}

const hintSpreadMilliseconds = 1_000

export function createFetchScheduler(options: FetchSchedulerOptions): FetchScheduler {
  const { attempt, intervalMilliseconds, clock, random, signal } = options
  let startedAt = Number.NEGATIVE_INFINITY
  let inFlight: Promise<void> | undefined
  let queued: Promise<void> | undefined
  let refreshTimer: NodeJS.Timeout | undefined
  let hintTimer: NodeJS.Timeout | undefined

  const fetchOnce = async (isAsked: boolean): Promise<void> => {
    startedAt = clock.monotonic()
    const { nextInMilliseconds, error } = await attempt(isAsked)
    schedule(nextInMilliseconds)
    if (error) throw error
  }
  const fetchNow = (isAsked: boolean): Promise<void> => {
    inFlight ??= fetchOnce(isAsked).finally(() => {
      inFlight = undefined
    })
    return inFlight
  }
  const schedule = (milliseconds: number): void => {
    clearTimeout(refreshTimer)
    if (signal.aborted) return
    // A fetch that others wait for already comes soon enough.
    refreshTimer = setTimeout(() => void (queued ?? fetchNow(false)).catch(() => {}), milliseconds)
    refreshTimer.unref()
  }
  const next = (): Promise<void> => {
    queued ??= (async () => {
      await inFlight?.catch(() => {})
      await pause(startedAt + intervalMilliseconds - clock.monotonic(), signal)
      queued = undefined
      return fetchNow(true)
    })()
    return queued
  }

  return {
    start: () => void fetchNow(false).catch(() => {}),
    current: () => inFlight,
    next,
    hint() {
      if (signal.aborted || hintTimer) return
      hintTimer = setTimeout(() => {
        hintTimer = undefined
        next().catch(() => {})
      }, random() * hintSpreadMilliseconds)
      hintTimer.unref()
    },
    async stop() {
      clearTimeout(refreshTimer)
      clearTimeout(hintTimer)
      await inFlight?.catch(() => {})
    }
  }
}
