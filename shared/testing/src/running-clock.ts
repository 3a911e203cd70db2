/**
 * Bounds of time that a busy machine does not break: what this process stood still for is left out. That includes what code under test
 * does in this process without a pause: where it could, measure by another clock.
 */
import { setInterval } from 'node:timers'
import { setTimeout as delay } from 'node:timers/promises'

const tickMs = 5
/** A longer pause counts as this much. */
const longestStepMs = 25

export interface RunningClock {
  elapsed(): number
  stop(): void
}

/** Milliseconds that this process could run since the call: a pause of it (garbage collection, a busy machine) counts as little. */
export function startRunningClock(): RunningClock {
  let [ran, last] = [0, performance.now()]
  const tick = () => {
    const now = performance.now()
    ran += Math.min(now - last, longestStepMs)
    last = now
  }
  const timer = setInterval(tick, tickMs).unref()
  return {
    elapsed() {
      tick()
      return ran
    },
    stop: () => clearInterval(timer)
  }
}

/** Milliseconds that the work took, by the running clock. */
export async function runningTimeOf(work: () => Promise<unknown>): Promise<number> {
  const clock = startRunningClock()
  try {
    await work()
    return clock.elapsed()
  } finally {
    clock.stop()
  }
}

/**
 * Waits for a condition, and fails when it is not met within the bound. After a pause timers run before sockets are read: by
 * any other clock the bound would have passed before what arrived in time is seen.
 */
export async function until(condition: () => boolean | Promise<boolean>, milliseconds: number): Promise<void> {
  const clock = startRunningClock()
  try {
    while (!(await condition())) {
      if (clock.elapsed() > milliseconds) throw new Error(`not within ${milliseconds} ms`)
      await delay(2)
    }
  } finally {
    clock.stop()
  }
}
