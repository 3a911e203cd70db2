import { stat } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { withDeadline } from '../../../src/redis/deadline.ts'

const never = new Promise<never>(() => {})

describe('waiting with a deadline', () => {
  it('resolves or rejects as the work does, when it is in time', async () => {
    await expect(withDeadline(1000, Promise.resolve('done'))).resolves.toBe('done')
    await expect(withDeadline(1000, Promise.reject(new Error('refused')))).rejects.toThrow('refused')
  })

  it('rejects when the time is over', async () => {
    await expect(withDeadline(10, never)).rejects.toThrow('no response within 10 ms')
  })

  it('takes a reply that came in time but could not be read, since the process was held up', async () => {
    // Out of the check phase of the event loop, which goes on with timers and then with what can be read.
    await new Promise((resolve) => setImmediate(resolve))
    const response = new Promise((resolve) => stat('.', () => resolve('read')))
    const outcome = withDeadline(20, response)
    const end = performance.now() + 100
    while (performance.now() < end);
    await expect(outcome).resolves.toBe('read')
  })

  it('ignores work that fails after the deadline', async () => {
    let fail: (error: Error) => void = () => {}
    const work = new Promise<never>((_, reject) => {
      fail = reject
    })
    await expect(withDeadline(5, work)).rejects.toThrow('no response')
    fail(new Error('too late'))
    await new Promise((resolve) => setTimeout(resolve, 5))
  })
})
