/** How slowly a request may arrive. Only the time of waiting for the browser counts, not that of an API that reads slowly. */

const idleMs = 30_000
const graceMs = 30_000
const slowestBytesPerSecond = 16 * 1024

/** The state of a request at one moment. */
export interface Arrival {
  /** Bytes that have arrived so far. */
  readonly bytes: number
  /** Whether all of them were read, so that the browser is to send more. */
  readonly isBrowserAwaited: boolean
}

/** Checks the arrival of one request, at regular intervals. @returns whether it takes too long */
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

/** @returns the longest time that so many bytes may take, in milliseconds */
export function longestArrivalMs(bytes: number): number {
  return graceMs + Math.ceil((bytes / slowestBytesPerSecond) * 1000)
}
