import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMasterKey } from '../../../src/keys/master-keys.ts'
import { createDeviceTokenCodec, deviceTokenSeconds } from '../../../src/sign-in/device-tokens.ts'

const masterKey = createMasterKey(new Uint8Array(32).fill(7))
const otherKey = createMasterKey(new Uint8Array(32).fill(8))
const userId = randomUUID()
let now = 1_800_000_000
const codec = createDeviceTokenCodec([masterKey], () => now)

describe('a device token', () => {
  test('names its user and its device, which stays the same from sign-in to sign-in', () => {
    const first = codec.read(codec.issue(userId, undefined))
    expect(first).toMatchObject({ userId })
    expect(codec.read(codec.issue(userId, first))).toEqual(first)
    expect(codec.read(codec.issue(userId, undefined))?.id).not.toBe(first?.id)
  })

  test('of one user does not make the device of another one known', () => {
    const first = codec.read(codec.issue(userId, undefined))
    const other = codec.read(codec.issue(randomUUID(), first))
    expect(other?.id).not.toBe(first?.id)
  })

  test('is valid for 90 days', () => {
    const token = codec.issue(userId, undefined)
    now += deviceTokenSeconds
    expect(codec.read(token)).toMatchObject({ userId })
    now += 1
    expect(codec.read(token)).toBeUndefined()
  })

  test('with any one character changed, or of another key, is not one of this issuer', () => {
    const token = codec.issue(userId, undefined)
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        fc.pre(token[at] !== character)
        expect(codec.read(token.slice(0, at) + character + token.slice(at + 1))).toBeUndefined()
      })
    )
    expect(createDeviceTokenCodec([otherKey]).read(token)).toBeUndefined()
  })

  test('is valid under an earlier master key, too', () => {
    const token = codec.issue(userId, undefined)
    expect(createDeviceTokenCodec([otherKey, masterKey], () => now).read(token)).toMatchObject({ userId })
  })
})
