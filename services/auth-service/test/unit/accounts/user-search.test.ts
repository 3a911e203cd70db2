import { describe, expect, test } from 'vitest'
import { searchWords } from '../../../src/accounts/user-search.ts'

describe('the words of a search for users', () => {
  test.each([
    ['', []],
    ['  ', []],
    ['Adams', ['adams']],
    [' john  ADAMS ', ['john', 'adams']],
    ['ΟΔΥΣ', ['οδυσ']],
    ['ΟΔΥΣΣΕΥΣ', ['οδυσσευσ']],
    ['οδυσσευς', ['οδυσσευσ']],
    ['STRASSE straße', ['strasse', 'strasse']],
    ['@example.org', ['example.org']],
    ['_', ['_']],
    ['Ａｄａｍｓ', ['adams']]
  ])('%j', (text, words) => {
    expect(searchWords(text)).toEqual(words)
  })

  test('are bounded, also after normalization', () => {
    expect(searchWords('\ufdfb'.repeat(64) + '\ufdf9'.repeat(64)).every(({ length }) => length <= 512)).toBe(true)
    expect(searchWords('㌔'.repeat(300))[0]).toHaveLength(512)
  })
})
