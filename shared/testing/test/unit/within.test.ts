import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { expectAnswerWithin, expectBestWithin, expectRefusedWithin } from '../../src/within.ts'

describe('an answer that is expected within a time', () => {
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
    await expect(expectAnswerWithin(20, 'good', async () => 'bad')).rejects.toThrow(
      /^bad to a request .* after \d+ ms$/
    )
  })
})

describe('the best of three measurements', () => {
  const measured = (...times: number[]) => expectBestWithin(100, async () => times.shift() as number)

  test.each([[[99]], [[100, 99]], [[500, 100, 0]]])('%j is within 100 ms', async (times) => {
    await measured(...times)
  })

  test('is late when all are', async () => {
    await expect(measured(100, 101.4, 5000, 1)).rejects.toThrow('took 100, 101, 5000 ms')
  })
})
