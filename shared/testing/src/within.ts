import { setTimeout as delay } from 'node:timers/promises'

/** Until a token is refused, `ms` after its revocation at the latest. Call it when the revocation has been answered. */
export function expectRefusedWithin(ms: number, status: () => Promise<number>): Promise<void> {
  return expectAnswerWithin(ms, 401, status)
}

/** Judges by when each request was sent: what the answer takes on a busy machine says nothing about what was known then. */
export async function expectAnswerWithin<T>(ms: number, expected: T, ask: () => Promise<T>): Promise<void> {
  const from = performance.now()
  for (;;) {
    const sentAfter = performance.now() - from
    const answer = await ask()
    if (answer === expected) return
    if (sentAfter > ms) throw new Error(`${answer} to a request that was sent after ${Math.round(sentAfter)} ms`)
    await delay(5)
  }
}

/** The best of three counts: a busy machine makes one late, what is slow by itself makes all of them late. */
export async function expectBestWithin(ms: number, measure: () => Promise<number>): Promise<void> {
  const measured: number[] = []
  while (measured.length < 3) {
    const took = await measure()
    if (took < ms) return
    measured.push(Math.round(took))
  }
  throw new Error(`took ${measured.join(', ')} ms`)
}
