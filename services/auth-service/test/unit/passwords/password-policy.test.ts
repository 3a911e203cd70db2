import { describe, expect, test } from 'vitest'
import { normalizePassword, refusalOfPassword } from '../../../src/passwords/password-policy.ts'

describe('a new password', () => {
  test.each(['correct horse', '🦀🦀🦀🦀🦀🦀🦀🦀', `${'a'.repeat(255)}ß`, '        x'])(
    '%j is fine',
    async (password) => {
      expect(await refusalOfPassword(password, 'alice')).toBeUndefined()
    }
  )

  test.each([
    ['seven77', 'at least 8'],
    ['🦀🦀🦀🦀🦀🦀🦀', 'at least 8'],
    ['x'.repeat(257), 'at most 256'],
    ['password123', 'most used'],
    ['PassWord123', 'most used'],
    ['Alice-Smith', 'username'],
    [`lone\ud800surrogate`, 'valid Unicode']
  ])('%j is refused with a reason', async (password, reason) => {
    expect(await refusalOfPassword(password, 'alice-smith')).toContain(reason)
  })

  test('is one and the same however its accents were typed', () => {
    expect(normalizePassword('cafe\u0301-au-lait')).toBe(normalizePassword('caf\u00e9-au-lait'))
  })
})
