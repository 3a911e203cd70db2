import { expect, test } from 'vitest'
import { usernamesOf } from '../../../src/providers/usernames-of-arrivals.ts'

const firstOf = (...names: string[]) =>
  [...usernamesOf({ names }, () => '1234')].slice(0, 2).map(({ display }) => display)

test.each([
  [['ada'], ['ada', 'ada-1234']],
  [['ada@example.com'], ['ada', 'ada-1234']],
  [['Ada Lovelace'], ['Ada.Lovelace', 'Ada.Lovelace-1234']],
  [['<script>'], ['script', 'script-1234']],
  [
    ['()', 'second'],
    ['second', 'second-1234']
  ],
  [['Ａｄａ'], ['Ada', 'Ada-1234']],
  [['\u202e'], ['user', 'user-1234']],
  [[], ['user', 'user-1234']],
  [['x'.repeat(300)], ['x'.repeat(64), `${'x'.repeat(59)}-1234`]]
])('%j become %j', (names, usernames) => {
  expect(firstOf(...names)).toEqual(usernames)
})

test('gives up after a limited number of attempts', () => {
  expect([...usernamesOf({ names: ['ada'] }, () => '1')]).toHaveLength(21)
})
