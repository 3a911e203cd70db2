import { setTimeout as delay } from 'node:timers/promises'
import { startRunningClock } from './running-clock.ts'

/** Until a token is refused, `ms` after its revocation at the latest. Call it when the revocation has its response. */
export function expectRefusedWithin(ms: number, status: () => Promise<number>): Promise<void> {
  return expectResponseWithin(ms, 401, status)
}

/** Counts from when each request was sent: what the response takes on a busy machine says nothing about what was known then. */
export async function expectResponseWithin<T>(ms: number, expected: T, ask: () => Promise<T>): Promise<void> {
  const clock = startRunningClock()
  try {
    for (;;) {
      const sentAfter = clock.elapsed()
      const response = await ask()
      if (response === expected) return
      if (sentAfter > ms) throw new Error(`${response} to a request that was sent after ${Math.round(sentAfter)} ms`)
      await delay(5)
    }
  } finally {
    clock.stop()
  }
}

/** Two of three have to be in time: a busy machine makes one late. The first is enough if it took less than half. */
export async function expectMostWithin(ms: number, measure: () => Promise<number>): Promise<void> {
  const measured: number[] = []
  while (measured.length < 3) {
    measured.push(Math.round(await measure()))
    const inTime = measured.filter((took) => took < ms)
    if (inTime.length === 2 || (measured.length === 1 && inTime.some((took) => took < ms / 2))) return
  }
  throw new Error(`took ${measured.join(', ')} ms`)
}
