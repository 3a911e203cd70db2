import { TemporarilyUnavailableError } from '@countersign/oauth'
import { describe, expect, test } from 'vitest'
import { createAdmissionGate } from '../../../src/accounts/admission-gate.ts'

describe('the admission gate', () => {
  test('runs as many tasks as it may, lets as many wait as it may, and turns the rest away at once with Retry-After', async () => {
    const gate = createAdmissionGate({ concurrency: 2, queueLimit: 3 })
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
    release()
    expect(await Promise.all(admitted)).toEqual(Array(5).fill('done'))
    expect(most).toBe(2)
    expect(() => gate.requireRoom()).not.toThrow()
    await expect(gate.run(task)).resolves.toBe('done')
  })
})
