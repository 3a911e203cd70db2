import { describe, expect, it } from 'vitest'
import { deferred } from '../../../src/deferred.ts'
import { createLookupQueue } from '../../../src/keys/lookup-queue.ts'

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

describe('look-ups that wait for a fetch', () => {
  it('resolve to what is there after the fetch', async () => {
    const lookups = createLookupQueue({ max: 2, perTurn: 1 })
    const fetch = deferred()
    let key: string | undefined
    const found = lookups.after(
      () => fetch.promise,
      () => key
    )
    key = 'key'
    fetch.resolve()
    expect(await found).toBe('key')
    expect(
      await lookups.after(
        async () => {},
        () => undefined
      )
    ).toBeUndefined()
  })

  it('reject with what the fetch rejects with, unless the key has come another way', async () => {
    const lookups = createLookupQueue({ max: 2, perTurn: 1 })
    const fail = () => Promise.reject(new Error('no response'))
    await expect(lookups.after(fail, () => undefined)).rejects.toThrow('no response')
    expect(await lookups.after(fail, () => 'key')).toBe('key')
  })

  it('are refused as unknown past the most that may wait, and welcome again once the others are gone', async () => {
    const lookups = createLookupQueue({ max: 2, perTurn: 1 })
    const fetch = deferred()
    const lookUp = () =>
      lookups.after(
        () => fetch.promise,
        () => undefined
      )
    const waiting = [lookUp(), lookUp()]
    await expect(lookUp()).rejects.toMatchObject({ code: 'ERR_KEYS_UNAVAILABLE' })
    fetch.resolve()
    expect(await Promise.all(waiting)).toEqual([undefined, undefined])
    expect(await lookUp()).toBeUndefined()
  })

  it.each(['resolves', 'rejects'])(
    'are let go in small groups when a fetch %s without their key, and at once with it',
    async (how) => {
      const lookups = createLookupQueue({ max: 1000, perTurn: 10 })
      const fetch = deferred()
      const wait = (key?: string) =>
        lookups.after(
          () => fetch.promise,
          () => key
        )
      let refused = 0
      const count = () => void refused++
      const unknown = Array.from({ length: 35 }, () => wait().then(count, count))
      const known = wait('key')
      if (how === 'resolves') fetch.resolve()
      else fetch.reject(new Error('no response'))
      expect(await known).toBe('key')
      expect(refused).toBe(0)
      const groups: number[] = []
      for (let turn = 0; turn < 5; turn++) {
        const before = refused
        await nextTurn()
        groups.push(refused - before)
      }
      expect(groups.filter((size) => size > 0)).toEqual([10, 10, 10, 5])
      await Promise.all(unknown)
    }
  )
})
