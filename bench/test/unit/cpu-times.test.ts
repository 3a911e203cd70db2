import { describe, expect, test } from 'vitest'
import { cpuSecondsOf, cpuSecondsOfPostgres, microsPerRequest } from '../../src/peers/cpu-times.ts'

describe('processor times', () => {
  test.runIf(process.platform === 'linux')('of a process are what the process itself knows', () => {
    const { user, system } = process.cpuUsage()
    expect(cpuSecondsOf(process.pid)).toBeCloseTo((user + system) / 1e6, 0)
  })

  test('are undefined where there is no such process', () => {
    expect(cpuSecondsOf(2 ** 30)).toBeUndefined()
    expect(cpuSecondsOfPostgres('no_such_database')).toBeUndefined()
  })

  test('are shared out over the requests between two looks', () => {
    expect(microsPerRequest(1, 1.5, { requests: 1000 })).toBeCloseTo(500)
    expect(microsPerRequest(undefined, 0.5, { requests: 1000 })).toBeCloseTo(500)
    expect(microsPerRequest(1, undefined, { requests: 1000 })).toBeUndefined()
  })

  test('of several processes leave out those that ended, and count those that began from zero', () => {
    const [before, after] = [
      new Map([
        [1, 5],
        [2, 1]
      ]),
      new Map([
        [2, 1.5],
        [3, 0.1]
      ])
    ]
    expect(microsPerRequest(before, after, { requests: 1000 })).toBeCloseTo(600)
  })
})
