import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { expectMostWithin, expectRefusedWithin, expectResponseWithin } from '../../src/within.ts'

describe('a response that is expected within a time', () => {
  test('may arrive later, if its request was sent in time', async () => {
    let asked = 0
    const ask = async () => {
      asked += 1
      if (asked === 2) await delay(200)
      return asked === 2 ? 401 : 200
    }
    await expectRefusedWithin(100, ask)
    expect(asked).toBe(2)
  })

  test('is late when a request that was sent after that time gets another', async () => {
    await expect(expectResponseWithin(20, 'good', async () => 'bad')).rejects.toThrow(
      /^bad to a request .* after \d+ ms$/
    )
  })
})

describe('most of three measurements', () => {
  const measured = (...times: number[]) => expectMostWithin(100, async () => times.shift() as number)

  test.each([[[49]], [[50, 99]], [[100, 99, 99]], [[99, 500, 0]]])('%j is within 100 ms', async (times) => {
    await measured(...times)
  })

  test.each([
    [[100, 101.4, 1], 'took 100, 101, 1 ms'],
    [[99, 100, 5000], 'took 99, 100, 5000 ms']
  ])('%j is late', async (times, message) => {
    await expect(measured(...times)).rejects.toThrow(message)
  })
})
