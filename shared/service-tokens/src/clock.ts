/** What time it is, in milliseconds. Comes in by constructor, so that tests own it. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. May jump when the machine's clock is set. */
  now(): number
  /** Milliseconds since some fixed moment. Never jumps, and stands still while the machine sleeps. */
  monotonic(): number
}

/** The machine's own clock. */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now()
})
