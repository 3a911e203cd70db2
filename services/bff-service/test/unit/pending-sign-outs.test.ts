import { InvalidGrantError, TemporarilyUnavailableError, TooManyRequestsError } from '@countersign/oauth'
import { createLogger } from '@countersign/service-kit'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type PendingSignOuts, startPendingSignOuts } from '../../src/sessions/pending-sign-outs.ts'

const unavailable = new TemporarilyUnavailableError()

/** A sign-out that fails as a test decides, as often as there are failures left. */
function createSignOut(...failures: unknown[]) {
  const attempts: number[] = []
  return {
    attempts,
    async run() {
      attempts.push(Date.now())
      const failure = failures.shift()
      if (failure !== undefined) throw failure
    }
  }
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)

describe('sign-outs that have not reached the issuer', () => {
  let pending: PendingSignOuts

  beforeEach(() => {
    vi.useFakeTimers({ now: 0 })
    const logger = createLogger({ service: 'test', level: 'silent' })
    pending = startPendingSignOuts({ logger, intervalMs: 1000, clock: { now: Date.now } })
  })
  afterEach(async () => {
    await pending.close()
    vi.useRealTimers()
  })

  test('one that is refused later does not hold the others up, and is not tried again', async () => {
    const refused = createSignOut(new InvalidGrantError(), new InvalidGrantError())
    const others = [createSignOut(), createSignOut()]
    for (const { run } of [refused, ...others]) pending.add(run, unavailable)
    await pass(20)
    expect(refused.attempts).toEqual([5000])
    expect(others.map(({ attempts }) => attempts)).toEqual([[5000], [5000]])
  })

  test('those that hang do not keep the others waiting', async () => {
    let end = () => {}
    const hanging = new Promise<void>((resolve) => {
      end = resolve
    })
    for (let i = 0; i < 7; i++) pending.add(() => hanging, unavailable)
    const other = createSignOut(unavailable)
    pending.add(other.run, unavailable)
    await pass(20)
    expect(other.attempts).toEqual([5000, 15_000])
    end()
  })

  test('one that fails is retried after longer and longer delays', async () => {
    const signOut = createSignOut(...Array.from({ length: 6 }, () => unavailable))
    pending.add(signOut.run, unavailable)
    await pass(250)
    expect(signOut.attempts.map((at) => at / 1000)).toEqual([5, 15, 35, 75, 135, 195])
  })

  test.each([
    ['429, in seconds', new TooManyRequestsError({ retryAfterSeconds: 30 })],
    ['503, in seconds', new TemporarilyUnavailableError({ retryAfterSeconds: 30 })],
    ['503, as a date', new TemporarilyUnavailableError({ headers: {}, retryAfterSeconds: 30 })]
  ])('is retried only after the requested delay (%s), at the first attempt and later', async (name, failure) => {
    if (name.includes('date')) Object.assign(failure, { headers: { 'Retry-After': new Date(30_000).toUTCString() } })
    const signOut = createSignOut(new TooManyRequestsError({ retryAfterSeconds: 100 }))
    pending.add(signOut.run, failure)
    await pass(140)
    expect(signOut.attempts).toEqual([30_000, 130_000])
  })

  test('after ten minutes it is given up, whatever Retry-After says', async () => {
    const failing = createSignOut(...Array.from({ length: 100 }, () => unavailable))
    const late = createSignOut()
    pending.add(failing.run, unavailable)
    pending.add(late.run, new TooManyRequestsError({ retryAfterSeconds: 601 }))
    await pass(700)
    expect(late.attempts).toEqual([])
    expect(failing.attempts.length).toBeGreaterThan(5)
    expect(Math.max(...failing.attempts)).toBeLessThan(600_000)
  })

  test('no more than eight are tried at once, and all of them get their turn', async () => {
    let atOnce = 0
    let most = 0
    let done = 0
    for (let i = 0; i < 100; i++) {
      pending.add(async () => {
        most = Math.max(most, ++atOnce)
        await new Promise((resolve) => setTimeout(resolve, 1))
        atOnce -= 1
        done += 1
      }, unavailable)
    }
    await pass(6)
    expect(done).toBe(100)
    expect(most).toBe(8)
  })

  test('one that was refused at once is not taken', async () => {
    const signOut = createSignOut()
    pending.add(signOut.run, new InvalidGrantError())
    await pass(10)
    expect(signOut.attempts).toEqual([])
  })
})
