import { randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMasterKey, type MasterKeys } from '../../../src/keys/master-keys.ts'
import { createRefreshTokenCodec } from '../../../src/sessions/refresh-tokens.ts'

const masterKey = createMasterKey(new Uint8Array(32).fill(7))
const codec = createRefreshTokenCodec([masterKey])
const anyContent = fc.record({ familyId: fc.uuid(), generation: fc.integer({ min: 0, max: 2 ** 31 - 1 }) })

describe('a refresh token', () => {
  test('names its family and generation again', () => {
    fc.assert(
      fc.property(anyContent, (content) => {
        expect(codec.decode(codec.encode(content))).toEqual(content)
      })
    )
  })

  test('is the same whenever it is computed, so that a retry gets the same successor', () => {
    const content = { familyId: randomUUID(), generation: 4 }
    expect(codec.encode(content)).toBe(createRefreshTokenCodec([masterKey]).encode({ ...content }))
  })

  test('with any one character changed is not one of this issuer', () => {
    const token = codec.encode({ familyId: randomUUID(), generation: 1 })
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        fc.pre(token[at] !== character)
        expect(codec.decode(token.slice(0, at) + character + token.slice(at + 1))).toBeUndefined()
      }),
      { numRuns: 2000 }
    )
  })

  test('has one spelling: unused last bits, padding and the other base64 alphabet are refused', () => {
    for (let generation = 0; generation < 200; generation++) {
      const token = codec.encode({ familyId: randomUUID(), generation })
      expect(codec.decode(`${token}=`)).toBeUndefined()
      const last = token.at(-1) as string
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const neighbour = alphabet[alphabet.indexOf(last) ^ 1] as string
      expect(codec.decode(token.slice(0, -1) + neighbour)).toBeUndefined()
    }
  })

  test('of another master key is not one of this issuer', () => {
    const other = createRefreshTokenCodec([createMasterKey(randomBytes(32))])
    expect(other.decode(codec.encode({ familyId: randomUUID(), generation: 0 }))).toBeUndefined()
  })

  test('of an older master key is still read, and new ones are made under the current key', () => {
    const current = createMasterKey(randomBytes(32))
    const content = { familyId: randomUUID(), generation: 9 }
    const rotated = createRefreshTokenCodec([current, masterKey])
    expect(rotated.decode(codec.encode(content))).toEqual(content)
    expect(createRefreshTokenCodec([current]).decode(rotated.encode(content))).toEqual(content)
  })

  test('is read when two master keys share a version byte', () => {
    const twins: MasterKeys = [{ ...createMasterKey(randomBytes(32)), version: masterKey.version }, masterKey]
    const content = { familyId: randomUUID(), generation: 2 }
    expect(createRefreshTokenCodec(twins).decode(codec.encode(content))).toEqual(content)
  })

  test('is never mistaken: arbitrary texts decode to nothing and throw nothing', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `csr1.${text}`)
        ),
        (text) => {
          expect(codec.decode(text)).toBeUndefined()
        }
      )
    )
  })
})
