import { InvalidRequestError } from '@countersign/oauth'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { decodePlace, encodePlace, lastMoment } from '../../../src/wire/pages.ts'

const digits = z.string().regex(/^\d+$/)
const encode = (text: string) => Buffer.from(text).toString('base64url')

describe('the cursor of a page', () => {
  it('is read as it was written', () => {
    for (const at of [0, 1_795_478_400_123, lastMoment]) {
      const place = { at: new Date(at), id: '42' }
      expect(encodePlace(place)).toMatch(/^[\w-]+$/)
      expect(decodePlace(encodePlace(place), digits)).toEqual(place)
    }
  })

  it.each([
    '',
    '!',
    'AA',
    encode('1'),
    encode('1.'),
    encode('.1'),
    encode('1.x'),
    encode('-1.1'),
    encode('01.1'),
    encode('1e3.1'),
    encode('NaN.1'),
    encode(`${lastMoment + 1}.1`),
    encode('9999999999999999.1'),
    encode('1.1\n'),
    `${encode('1.1')}=`,
    `${encode('1.1')} `,
    // Another spelling of the same bytes.
    encode('1.12').replace(/.$/, 'h')
  ])('that no page ends with is refused: %j', (cursor) => {
    expect(() => decodePlace(cursor, digits)).toThrow(InvalidRequestError)
  })
})
