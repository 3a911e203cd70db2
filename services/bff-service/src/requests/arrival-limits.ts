/** How slowly a request may arrive. Times count while the browser is waited for, and not while an API takes its time to read. */

const idleMs = 30_000
const graceMs = 30_000
const slowestBytesPerSecond = 16 * 1024

/** What is known of a request at one moment. */
export interface Arrival {
  /** Bytes that have come so far. */
  readonly bytes: number
  /** Whether all of them have been taken, so that it is the browser's turn. */
  readonly isBrowserAwaited: boolean
}

/** Judges the arrival of one request, at regular intervals. @returns whether it takes too long */
export function createArrivalJudge(intervalMs: number): (arrival: Arrival) => boolean {
  let bytesBefore = 0
  let idle = 0
  let waited = 0
  return ({ bytes, isBrowserAwaited }) => {
    const hasProgress = bytes > bytesBefore
    bytesBefore = bytes
    if (hasProgress) idle = 0
    if (!isBrowserAwaited) return false
    if (!hasProgress) idle += intervalMs
    waited += intervalMs
    return idle >= idleMs || waited >= longestArrivalMs(bytes)
  }
}

/** @returns the longest that so many bytes may be on their way, in milliseconds */
export function longestArrivalMs(bytes: number): number {
  return graceMs + Math.ceil((bytes / slowestBytesPerSecond) * 1000)
}
