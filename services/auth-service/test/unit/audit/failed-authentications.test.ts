import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  createFailedAuthenticationLog,
  type FailedAuthenticationLog,
  type FailedAuthentications
} from '../../../src/audit/failed-authentications.ts'

const origin = { address: '192.0.2.1', userAgent: 'a client' }
const windowMs = 600_000

describe('the log of failed client authentications', () => {
  let saved: FailedAuthentications[]
  let isUnavailable: boolean
  let warnings: number
  let log: FailedAuthenticationLog

  beforeEach(() => {
    vi.useFakeTimers()
    saved = []
    isUnavailable = false
    warnings = 0
    log = createFailedAuthenticationLog({
      store: {
        async save(failures) {
          if (isUnavailable) throw new Error('unavailable')
          saved.push(failures)
        }
      },
      logger: { warn: () => warnings++ }
    })
  })
  afterEach(() => vi.useRealTimers())

  const fail = (times = 1, clientId: string | undefined = 'orders', reason = 'the secret is wrong') => {
    for (let i = 0; i < times; i++) log.record({ clientId, reason, origin })
  }
  const counts = () => saved.map(({ clientId, reason, count }) => [clientId, reason, count])

  test('writes the first of a kind at once, and those that follow in a window as one event', async () => {
    fail()
    expect(saved).toEqual([{ clientId: 'orders', reason: 'the secret is wrong', origin, count: 1 }])
    fail(9999)
    await vi.advanceTimersByTimeAsync(windowMs - 1)
    expect(saved).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(counts()).toEqual([
      ['orders', 'the secret is wrong', 1],
      ['orders', 'the secret is wrong', 9999]
    ])
    fail()
    expect(saved).toHaveLength(3)
  })

  test('writes nothing more when nothing more failed', async () => {
    fail()
    await vi.advanceTimersByTimeAsync(10 * windowMs)
    expect(saved).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('counts clients and reasons separately, up to a bound', async () => {
    fail(2, 'orders', 'a')
    fail(2, 'orders', 'b')
    fail(2, 'stock', 'a')
    expect(saved).toHaveLength(3)
    for (let client = 0; client < 5000; client++) fail(2, `client-${client}`)
    await vi.advanceTimersByTimeAsync(windowMs)
    expect(saved.length).toBeLessThanOrEqual(202)
    expect(saved.reduce((sum, { count }) => sum + count, 0)).toBe(10_006)
    expect(saved.filter(({ clientId }) => clientId === undefined).map(({ count }) => count)).toEqual([1, 9805])
  })

  test('counts again what could not be written, in the next event of its window', async () => {
    isUnavailable = true
    fail(3)
    await vi.advanceTimersByTimeAsync(0)
    expect([saved.length, warnings]).toEqual([0, 1])
    isUnavailable = false
    await vi.advanceTimersByTimeAsync(windowMs)
    expect(counts()).toEqual([['orders', 'the secret is wrong', 3]])
  })

  test('writes the rest when it is closed', async () => {
    fail(5)
    await log.close()
    expect(counts()).toEqual([
      ['orders', 'the secret is wrong', 1],
      ['orders', 'the secret is wrong', 4]
    ])
    expect(vi.getTimerCount()).toBe(0)
  })
})
