import { describe, expect, it } from 'vitest'
import { createTokenCache } from '../../../src/token/cache.ts'

const nameOf = (at: number) => `token-${at}`
const names = (count: number, from = 0) => Array.from({ length: count }, (_, at) => nameOf(from + at))

describe('cached tokens', () => {
  it('are never more than the limit, whatever it is', () => {
    for (const limit of [0, 1, 2, 3, 10, 101]) {
      const tokens = createTokenCache<number>(limit)
      for (const name of names(500)) {
        tokens.set(name, 1, [])
        tokens.get(nameOf(Math.floor(Math.random() * 500)))
        expect(tokens.size).toBeLessThanOrEqual(limit)
      }
    }
  })

  it('are at least the half of the limit that was used last', () => {
    const tokens = createTokenCache<string>(100)
    const [first, ...others] = names(1000) as [string, ...string[]]
    tokens.set(first, first, [])
    for (const name of others) {
      tokens.set(name, name, [])
      // Used again and again, it is never forgotten, however many come and go.
      expect(tokens.get(first)).toBe(first)
    }
    for (const name of names(49, 951)) expect(tokens.get(name)).toBe(name)
    expect(tokens.get('token-1')).toBeUndefined()
  })

  it('differ by every character, also where their ends are the same', () => {
    const tokens = createTokenCache<number>(10)
    const end = '.'.padEnd(342, 'x')
    tokens.set(`one${end}`, 1, [])
    expect(tokens.get(`one${end}`)).toBe(1)
    expect(tokens.get(`two${end}`)).toBeUndefined()
    expect(tokens.get(end)).toBeUndefined()
    expect(tokens.get('')).toBeUndefined()
    for (const name of names(5)) tokens.set(name, 1, [])
    expect(tokens.get(`two${end}`)).toBeUndefined()
    expect(tokens.get(`one${end}`)).toBe(1)
  })

  it('share one slot when their ends are alike: the last one takes it, with its identifiers', () => {
    const tokens = createTokenCache<number>(10)
    const end = '.'.padEnd(342, 'x')
    tokens.set(`one${end}`, 1, ['session-1', 'session-3'])
    tokens.set(`two${end}`, 2, ['session-2', 'session-3'])
    expect([tokens.get(`one${end}`), tokens.get(`two${end}`), tokens.size]).toEqual([undefined, 2, 1])
    expect([tokens.having('session-1'), tokens.having('session-2'), tokens.having('session-3')]).toEqual([[], [2], [2]])
    tokens.delete(`two${end}`)
    expect([tokens.having('session-3'), [...tokens.all()]]).toEqual([[], []])
  })

  it('are found by their identifiers, in both generations, for as long as they are cached', () => {
    const tokens = createTokenCache<string>(4)
    tokens.set('a', 'a', ['session-1', 'jti-a'])
    tokens.set('b', 'b', ['session-1', 'jti-b'])
    expect(tokens.having('session-1')).toEqual(['a', 'b'])
    tokens.set('c', 'c', ['session-2'])
    expect(tokens.having('session-1').sort()).toEqual(['a', 'b'])
    expect(tokens.get('a')).toBe('a')
    expect(tokens.having('session-1').sort()).toEqual(['a', 'b'])
    for (const name of names(4)) tokens.set(name, name, [])
    expect(tokens.having('session-1')).toEqual([])
    tokens.set('a', 'a', ['session-1'])
    tokens.delete('a')
    expect(tokens.having('session-1')).toEqual([])
    tokens.set('a', 'a', ['session-1'])
    tokens.set('a', 'other', ['session-3'])
    expect([tokens.having('session-1'), tokens.having('session-3')]).toEqual([[], ['other']])
    tokens.clear()
    expect(tokens.having('session-3')).toEqual([])
  })

  it('are bounded in characters, too', () => {
    const tokens = createTokenCache<number>(1_000_000)
    const long = (at: number) => `${at}`.padStart(8191, '.')
    for (let at = 0; at < 10_000; at++) tokens.set(long(at), at, [])
    expect(tokens.size * 8191).toBeLessThan(34 * 1024 * 1024)
    expect(tokens.get(long(9999))).toBe(9999)
  })

  it('are removed on request, in both generations', () => {
    const tokens = createTokenCache<number>(4)
    for (const name of names(4)) tokens.set(name, 1, [])
    for (const name of names(4)) tokens.delete(name)
    expect(tokens.size).toBe(0)
    for (const name of names(4)) tokens.set(name, 1, [])
    tokens.clear()
    expect(tokens.size).toBe(0)
  })
})
