import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Lane, pace } from '../../src/load/pace.ts'

describe('requests at a fixed rate', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A server that responds after `milliseconds`, but nothing before `standsStillUntil`. */
  function laneTo({ milliseconds, standsStillUntil = 0 }: { milliseconds: number; standsStillUntil?: number }): Lane {
    const begin = performance.now()
    return {
      send(onResponse) {
        const rest = begin + standsStillUntil - performance.now()
        setTimeout(onResponse, Math.max(rest, 0) + milliseconds)
      }
    }
  }

  async function paced(lanes: Lane[], perSecond: number, milliseconds: number): Promise<number[]> {
    const measured = pace(lanes, perSecond, milliseconds)
    await vi.advanceTimersByTimeAsync(60_000)
    return measured
  }

  test('are as many as the rate says, and timed to the end of the response', async () => {
    const latencies = await paced([laneTo({ milliseconds: 3 }), laneTo({ milliseconds: 3 })], 100, 1000)
    expect(latencies).toHaveLength(100)
    expect(new Set(latencies)).toEqual(new Set([3]))
  })

  test('are timed from when they were due, so that a stalled server delays all of them', async () => {
    const latencies = await paced([laneTo({ milliseconds: 1, standsStillUntil: 500 })], 100, 1000)
    expect(Math.max(...latencies)).toBeGreaterThan(500)
    expect(latencies.filter((latency) => latency > 100).length).toBeGreaterThan(30)
  })

  test('never share a lane', async () => {
    let [underWay, most] = [0, 0]
    const lane: Lane = {
      send(onResponse) {
        most = Math.max(most, ++underWay)
        setTimeout(() => {
          underWay--
          onResponse()
        }, 25)
      }
    }
    await paced([lane], 100, 200)
    expect(most).toBe(1)
  })
})
