import { describe, expect, test } from 'vitest'
import { parseUsername } from '../../../src/accounts/usernames.ts'

describe('a username', () => {
  test('is kept as written, and unique without regard to case and composition', () => {
    expect(parseUsername('Alice')).toEqual({ display: 'Alice', key: 'alice' })
    expect(parseUsername('ALICE')?.key).toBe('alice')
    expect(parseUsername('Ｅｖｅ')?.key).toBe('eve')
    expect(parseUsername('Zoe\u0308')?.key).toBe(parseUsername('zo\u00eb')?.key)
  })

  test.each(['alice ', ' alice', 'alice\u00a0', '\u3000alice\u3000', 'alice\n', '\talice'])(
    '%j is alice: spaces around a name are none of it',
    (text) => {
      expect(parseUsername(text)).toEqual({ display: 'alice', key: 'alice' })
    }
  )

  test.each([
    '',
    ' ',
    'a b',
    'x'.repeat(65),
    'a\u0000b',
    'a\u202eb',
    '\ud800',
    '<script>',
    'a\nb',
    'a/b',
    'admin\ufe0f',
    'admin\u034f',
    '\u3164',
    '\u0301a',
    'a\u200db'
  ])('%j is refused', (text) => {
    expect(parseUsername(text)).toBeUndefined()
  })
})
