import { TemporarilyUnavailableError } from '@countersign/oauth'
import { describe, expect, test } from 'vitest'
import { orUnavailable } from '../../../src/stores/postgres/database.ts'

const failing = (fields: object, cause?: unknown) =>
  Promise.reject(Object.assign(new Error('failed', { cause }), fields))

describe('a fault of the database', () => {
  test.each([
    ['P1001'],
    ['P2024'],
    ['P2028'],
    ['40001'],
    ['40P01'],
    ['53300'],
    ['57P01'],
    ['08006'],
    ['55P03'],
    ['25P03'],
    ['ECONNREFUSED'],
    ['ECONNRESET'],
    ['EHOSTUNREACH'],
    ['ENETUNREACH'],
    ['ETIMEDOUT'],
    ['ENOTFOUND']
  ])('%s counts as "not available", also as a cause', async (code) => {
    for (const fault of [failing({ code }), failing({}, Object.assign(new Error('inner'), { code }))]) {
      await expect(orUnavailable(fault)).rejects.toBeInstanceOf(TemporarilyUnavailableError)
    }
  })

  test.each([['P2002'], ['23505'], ['42601'], ['22P02'], [undefined]])('%s stays what it is', async (code) => {
    const fault = failing({ code })
    await expect(orUnavailable(fault)).rejects.toThrow('failed')
    await expect(orUnavailable(fault)).rejects.not.toBeInstanceOf(TemporarilyUnavailableError)
  })
})
