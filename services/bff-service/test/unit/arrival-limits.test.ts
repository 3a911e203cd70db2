import { expect, test } from 'vitest'
import { createArrivalJudge, longestArrivalMs } from '../../src/requests/arrival-limits.ts'

/** @returns after how many seconds it takes too long, if it does within an hour */
function secondsUntilTooLate(bytesAt: (second: number) => number, isBrowserAwaited = true): number | undefined {
  const isTooLate = createArrivalJudge(1000)
  for (let second = 1; second <= 3600; second++) {
    if (isTooLate({ bytes: bytesAt(second), isBrowserAwaited })) return second
  }
  return undefined
}

test('a body that does not come is waited for half a minute', () => {
  expect(secondsUntilTooLate(() => 0)).toBe(30)
})

test('a body that stops coming is waited for half a minute from then on', () => {
  expect(secondsUntilTooLate((second) => Math.min(second, 100) * 1_000_000)).toBe(130)
})

test('a body that arrives at 16 KiB per second or more has no time limit', () => {
  expect(secondsUntilTooLate((second) => second * 16 * 1024)).toBeUndefined()
})

test('a slower body has one: a trickle holds nothing for long', () => {
  expect(secondsUntilTooLate((second) => second)).toBe(31)
  expect(secondsUntilTooLate((second) => second * 8 * 1024)).toBe(60)
})

test('the time that an API takes to read is not held against the browser', () => {
  expect(secondsUntilTooLate(() => 100_000, false)).toBeUndefined()
})

test('the total time is that of the slowest body that is allowed', () => {
  expect(longestArrivalMs(10 * 1024 * 1024)).toBe(670_000)
})
