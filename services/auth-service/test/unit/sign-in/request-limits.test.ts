import { TemporarilyUnavailableError, TooManyRequestsError } from '@countersign/oauth'
import { beforeEach, describe, expect, test } from 'vitest'
import type { AttemptCounters } from '../../../src/sign-in/attempt-counters.ts'
import { tryFrom } from '../../../src/sign-in/request-limits.ts'
import { createInProcessAttemptCounters } from '../../../src/stores/in-process/attempt-counters.ts'

describe('the limit of failures of an address', () => {
  let counters: AttemptCounters
  const attempt = <T>(result: () => Promise<T | undefined>, address = '192.0.2.1') =>
    tryFrom({ counters, signInFailuresPerAddress: 3, signInLimitWindowSeconds: 60 }, { name: 'tries', address }, result)
  const failure = async () => undefined

  beforeEach(() => {
    counters = createInProcessAttemptCounters()
  })

  test('rejects what follows three failures, with the time to wait, and no other address', async () => {
    for (let i = 0; i < 3; i++) expect(await attempt(failure)).toBeUndefined()
    const refusal = await attempt(async () => 'alice').catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(TooManyRequestsError)
    expect(refusal).toMatchObject({ headers: { 'Retry-After': '60' } })
    await expect(attempt(async () => 'alice', '192.0.2.2')).resolves.toBe('alice')
  })

  test('counts neither a success, nor an attempt without a result', async () => {
    const unavailable = async () => {
      throw new TemporarilyUnavailableError()
    }
    for (let i = 0; i < 5; i++) {
      expect(await attempt(async () => 'alice')).toBe('alice')
      await expect(attempt(unavailable)).rejects.toBeInstanceOf(TemporarilyUnavailableError)
    }
    expect(await attempt(failure)).toBeUndefined()
  })

  test('counts an attempt before it is made, so that parallel ones cannot pass the limit', async () => {
    let made = 0
    const guess = async () => {
      made++
      return undefined
    }
    await Promise.allSettled(Array.from({ length: 20 }, () => attempt(guess)))
    expect(made).toBe(3)
  })
})
