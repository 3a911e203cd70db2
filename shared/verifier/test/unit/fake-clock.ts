import type { Clock } from '@countersign/verifier'

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves both clocks, as time does. */
  advance(milliseconds: number): void
  /** Moves the wall clock alone, as someone who sets it does. */
  setBy(milliseconds: number): void
}

export function createFakeClock(now = Date.UTC(2026, 0, 1)): FakeClock {
  let wall = now
  let monotonic = 1000
  return {
    now: () => wall,
    monotonic: () => monotonic,
    advance(milliseconds) {
      wall += milliseconds
      monotonic += milliseconds
    },
    setBy(milliseconds) {
      wall += milliseconds
    }
  }
}
