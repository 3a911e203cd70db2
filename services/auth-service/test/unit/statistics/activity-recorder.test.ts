import type { Logger } from '@countersign/service-kit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MinuteCount } from '../../../src/statistics/activity.ts'
import { createActivityRecorder } from '../../../src/statistics/activity-recorder.ts'

const begin = Date.parse('2026-11-24T12:00:00Z')
const minute = 60_000
const saveAfterMs = 5000

describe('the activity recorder', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: begin })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A store that keeps counts as the table does: by key, and never less than before. */
  const setUp = () => {
    const rows = new Map<string, number>()
    const calls: MinuteCount[][] = []
    let fault: 'before' | 'after' | undefined
    const save = vi.fn(async (counts: readonly MinuteCount[]) => {
      calls.push([...counts])
      if (fault === 'before') throw new Error('not reachable')
      for (const { minute, kind, outcome, count } of counts) {
        const key = `${(minute - begin) / 60_000} ${kind} ${outcome}`
        rows.set(key, Math.max(rows.get(key) ?? 0, count))
      }
      if (fault === 'after') throw new Error('the response was lost')
    })
    const warn = vi.fn()
    const logger = { warn } as unknown as Logger
    const recorder = createActivityRecorder({ store: { save }, logger, saveAfterMs })
    return {
      recorder,
      rows,
      calls,
      save,
      warn,
      fail: (when: typeof fault) => {
        fault = when
      }
    }
  }

  it('saves many counts at once, and waits for the next one before it saves again', async () => {
    const { recorder, rows, save } = setUp()
    for (let i = 0; i < 100; i++) recorder.count('refreshes', 'rotated')
    recorder.count('sign_ins', 'failed')
    expect(save).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(saveAfterMs)
    expect(Object.fromEntries(rows)).toEqual({ '0 refreshes rotated': 100, '0 sign_ins failed': 1 })
    await vi.advanceTimersByTimeAsync(60 * minute)
    expect(save).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is idle where nothing is counted', async () => {
    const { recorder, save } = setUp()
    await vi.advanceTimersByTimeAsync(60 * minute)
    expect(vi.getTimerCount()).toBe(0)
    await recorder.close()
    expect(save).not.toHaveBeenCalled()
  })

  it('counts by the minute, and saves only what has changed', async () => {
    const { recorder, rows, calls } = setUp()
    recorder.count('refreshes', 'rotated')
    recorder.count('refreshes', 'refused')
    await vi.advanceTimersByTimeAsync(saveAfterMs)
    recorder.count('refreshes', 'rotated')
    await vi.advanceTimersByTimeAsync(minute)
    recorder.count('refreshes', 'rotated')
    await vi.advanceTimersByTimeAsync(saveAfterMs)
    expect(Object.fromEntries(rows)).toEqual({
      '0 refreshes rotated': 2,
      '0 refreshes refused': 1,
      '1 refreshes rotated': 1
    })
    expect(calls.map((counts) => counts.length)).toEqual([2, 1, 1])
  })

  it.each(['before', 'after'] as const)(
    'keeps what could not be saved, and counts nothing twice (the fault came %s the commit)',
    async (when) => {
      const { recorder, rows, warn, fail } = setUp()
      fail(when)
      recorder.count('refreshes', 'rotated')
      await vi.advanceTimersByTimeAsync(saveAfterMs)
      recorder.count('refreshes', 'rotated')
      await vi.advanceTimersByTimeAsync(2 * minute)
      recorder.count('refreshes', 'rotated')
      expect(warn).toHaveBeenCalledTimes(1)
      fail(undefined)
      await vi.advanceTimersByTimeAsync(saveAfterMs)
      expect(Object.fromEntries(rows)).toEqual({ '0 refreshes rotated': 2, '2 refreshes rotated': 1 })
      expect(vi.getTimerCount()).toBe(0)
    }
  )

  it('counts while it saves', async () => {
    const { recorder, rows, save } = setUp()
    let response = () => {}
    const responded = new Promise<void>((resolve) => {
      response = resolve
    })
    const saveAtOnce = save.getMockImplementation() as typeof save
    save.mockImplementationOnce(async (counts) => {
      await saveAtOnce(counts)
      await responded
    })
    recorder.count('sign_ins', 'succeeded')
    await vi.advanceTimersByTimeAsync(saveAfterMs)
    recorder.count('sign_ins', 'succeeded')
    await vi.advanceTimersByTimeAsync(minute)
    response()
    await vi.advanceTimersByTimeAsync(saveAfterMs)
    expect(Object.fromEntries(rows)).toEqual({ '0 sign_ins succeeded': 2 })
    expect(save).toHaveBeenCalledTimes(2)
  })

  it('keeps at most two days while nothing can be saved: the oldest is dropped', async () => {
    const { recorder, calls, fail } = setUp()
    fail('before')
    for (let at = 0; at < 4 * 2880; at++) {
      vi.setSystemTime(begin + at * minute)
      recorder.count('refreshes', 'refused')
      recorder.count('sign_ins', 'failed')
    }
    await recorder.close()
    expect(calls.at(-1)).toHaveLength(6 * 2880)
    expect(calls.at(-1)?.at(-1)?.minute).toBe(begin + (4 * 2880 - 1) * minute)
  })

  it('saves the rest when it closes, after a running save', async () => {
    const { recorder, rows, save } = setUp()
    recorder.count('sign_ins', 'succeeded')
    await vi.advanceTimersByTimeAsync(saveAfterMs)
    recorder.count('sign_ins', 'succeeded')
    await recorder.close()
    expect(Object.fromEntries(rows)).toEqual({ '0 sign_ins succeeded': 2 })
    recorder.count('sign_ins', 'succeeded')
    expect(vi.getTimerCount()).toBe(0)
    expect(save).toHaveBeenCalledTimes(2)
  })
})
