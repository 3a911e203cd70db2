import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { runningTimeOf, startRunningClock, until } from '../../src/running-clock.ts'

/** Blocks, like a machine that has no time for this process. */
const standStill = (milliseconds: number) => {
  for (const begin = performance.now(); performance.now() - begin < milliseconds; );
}

test('the clock goes on while the process runs, and no faster than time', async () => {
  const begin = performance.now()
  const clock = startRunningClock()
  while (clock.elapsed() < 100) await delay(1)
  expect(clock.elapsed()).toBeLessThanOrEqual(performance.now() - begin)
  clock.stop()
})

test('it counts next to nothing of a pause', async () => {
  const took = await runningTimeOf(async () => standStill(400))
  expect(took).toBeLessThan(100)
})

test('what arrived during a pause longer than the bound arrived in time', async () => {
  let hasArrived = false
  const waiting = until(() => hasArrived, 60)
  setTimeout(() => {
    standStill(200)
    setImmediate(() => {
      hasArrived = true
    })
  })
  await waiting
})

test('what never happens, or too late, is not within the bound', async () => {
  await expect(until(() => false, 50)).rejects.toThrow('not within 50 ms')
  let isTooLate = false
  const clock = startRunningClock()
  const late = until(() => isTooLate, 50)
  late.catch(() => {})
  while (clock.elapsed() < 150) await delay(1)
  isTooLate = true
  await expect(late).rejects.toThrow('not within 50 ms')
  clock.stop()
})
