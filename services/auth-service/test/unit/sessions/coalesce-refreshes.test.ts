import { describe, expect, test } from 'vitest'
import { coalesceRefreshes } from '../../../src/sessions/coalesce-refreshes.ts'
import type { PresentedGeneration, RefreshOutcome } from '../../../src/sessions/refresh-token-families.ts'

const presented = (familyId: string, generation = 0): PresentedGeneration => ({
  familyId,
  generation,
  clientId: 'countersign',
  origin: { address: '', userAgent: '' }
})

describe('parallel presentations of a refresh token', () => {
  const setUp = () => {
    const calls: { id: string; settle: (outcome: RefreshOutcome | Error) => void }[] = []
    const refresh = coalesceRefreshes(
      ({ familyId, generation }) =>
        new Promise((resolve, reject) => {
          const settle = (outcome: RefreshOutcome | Error) =>
            outcome instanceof Error ? reject(outcome) : resolve(outcome)
          calls.push({ id: `${familyId}.${generation}`, settle })
        })
    )
    const tick = () => new Promise((resolve) => setImmediate(resolve))
    return { calls, refresh, tick }
  }
  const unknown: RefreshOutcome = { outcome: 'unknown' }
  const revoked: RefreshOutcome = { outcome: 'revoked' }

  test('share one call that begins after they came, however many they are', async () => {
    const { calls, refresh, tick } = setUp()
    const first = refresh(presented('a'))
    const others = Array.from({ length: 100 }, () => refresh(presented('a')))
    expect(calls).toHaveLength(1)
    calls[0]?.settle(unknown)
    expect(await first).toBe(unknown)
    await tick()
    expect(calls).toHaveLength(2)
    // It came after the second call began: it must not get that one's response.
    const late = refresh(presented('a'))
    calls[1]?.settle(unknown)
    expect(await Promise.all(others)).toEqual(others.map(() => unknown))
    await tick()
    expect(calls).toHaveLength(3)
    calls[2]?.settle(revoked)
    expect(await late).toBe(revoked)
    await tick()
    refresh(presented('a'))
    expect(calls).toHaveLength(4)
  })

  test('do not wait for other tokens', () => {
    const { calls, refresh } = setUp()
    for (const other of [presented('a'), presented('b'), presented('a', 1), { ...presented('a'), jkt: 'key' }])
      refresh(other)
    expect(calls.map(({ id }) => id)).toEqual(['a.0', 'b.0', 'a.1', 'a.0'])
  })

  test('have a call of their own after one that failed', async () => {
    const { calls, refresh, tick } = setUp()
    const first = refresh(presented('a'))
    const second = refresh(presented('a'))
    calls[0]?.settle(new Error('the database is unavailable'))
    await expect(first).rejects.toThrow('the database is unavailable')
    await tick()
    calls[1]?.settle(unknown)
    expect(await second).toBe(unknown)
  })
})
