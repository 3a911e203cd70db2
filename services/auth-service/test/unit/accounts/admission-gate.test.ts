import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { Logger } from '@countersign/service-kit'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createAdmissionGate, warnOfTurnedAway } from '../../../src/accounts/admission-gate.ts'

describe('the admission gate', () => {
  test('runs as many tasks as it may, lets as many wait as it may, and turns the rest away at once with Retry-After', async () => {
    let turnedAway = 0
    const onTurnedAway = () => {
      turnedAway++
    }
    const gate = createAdmissionGate({ concurrency: 2, queueLimit: 3, onTurnedAway })
    let running = 0
    let most = 0
    let release = () => {}
    const opened = new Promise<void>((resolve) => {
      release = resolve
    })
    const task = async () => {
      most = Math.max(most, ++running)
      await opened
      running--
      return 'done'
    }
    const admitted = Array.from({ length: 5 }, () => gate.run(task))
    await Promise.resolve()
    const refusal = await gate.run(task).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(TemporarilyUnavailableError)
    expect(refusal).toMatchObject({ status: 503, headers: { 'Retry-After': '2' } })
    expect(() => gate.requireRoom()).toThrow(TemporarilyUnavailableError)
    expect(turnedAway).toBe(2)
    release()
    expect(await Promise.all(admitted)).toEqual(Array(5).fill('done'))
    expect(most).toBe(2)
    expect(() => gate.requireRoom()).not.toThrow()
    await expect(gate.run(task)).resolves.toBe('done')
  })
})

describe('the warning of a flood', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('comes at once, and then every ten seconds at most, with how many were turned away since', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const warned: unknown[] = []
    const warn = warnOfTurnedAway({ warn: (fields: unknown) => warned.push(fields) } as unknown as Logger)
    for (let sent = 0; sent < 100; sent++) warn()
    expect(warned).toEqual([{ turned_away: 1 }])
    vi.advanceTimersByTime(10_000)
    warn()
    warn()
    expect(warned).toEqual([{ turned_away: 1 }, { turned_away: 100 }])
  })
})
