import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import type { JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { findKeyFault, maxKeys, readKeySet } from '../../../src/clients/key-rules.ts'

const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent }).publicKey.export({ format: 'jwk' }) as JWK
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' }) as JWK
const exponent = (bytes: number[]) => Buffer.from(bytes).toString('base64url')
const good = rsa(2048)
const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) as JWK

describe('the keys of clients', () => {
  test('RSA of 2048 bits, P-256 and Ed25519 are valid, whatever other members they have', () => {
    for (const key of [good, ec('P-256'), ed25519, { ...good, kid: 'a', use: 'sig', x5c: ['x'.repeat(3000)] }]) {
      expect(findKeyFault(key)).toBeUndefined()
    }
  })

  test.each<[string, JWK]>([
    ['RSA with e = 1', { ...good, e: exponent([1]) }],
    ['RSA with e = 3', { ...good, e: exponent([3]) }],
    ['RSA with an even e', { ...good, e: exponent([1, 0, 2]) }],
    ['RSA with an e of 65 bits', { ...good, e: exponent([1, 0, 0, 0, 0, 0, 0, 0, 1]) }],
    ['RSA without e', { kty: 'RSA', n: good.n as string }],
    ['RSA of 1024 bits', rsa(1024)],
    ['RSA of 16384 bits', { ...good, n: Buffer.alloc(2048, 0xff).toString('base64url') }],
    [
      'RSA with an even n',
      { ...good, n: Buffer.concat([Buffer.alloc(255, 0xff), Buffer.from([2])]).toString('base64url') }
    ],
    ['P-384', ec('P-384')],
    ['secp256k1', ec('secp256k1')],
    ['a point off the curve', { ...ec('P-256'), x: exponent(Array(32).fill(1)) }],
    ['X25519', generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }) as JWK],
    ['an unknown type', { kty: 'AKP' }],
    ['nothing', {} as JWK]
  ])('%s is weak', (_, key) => {
    expect(findKeyFault(key)).toBe('weak')
  })

  test('a private or symmetric key is named as such', () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as JsonWebKey
    expect(findKeyFault(pair as JWK)).toBe('private')
    expect(findKeyFault({ kty: 'oct', k: 'c2VjcmV0' })).toBe('private')
  })

  test('a bad key of a set is left out and reported, and the others are used', () => {
    const { keySet, refused } = readKeySet({ keys: [{ ...good, kid: 'a' }, { ...good, kid: 'b', e: 'AQ' }, null, 7] })
    expect(keySet.keys.map(({ kid }) => kid)).toEqual(['a'])
    expect(refused).toEqual([
      { kid: 'b', fault: 'weak' },
      { kid: '', fault: 'weak' },
      { kid: '', fault: 'weak' }
    ])
  })

  test('a value that is not a key set, or is too large, is rejected as a whole', () => {
    for (const document of [null, [], {}, 'x', { keys: {} }]) expect(() => readKeySet(document)).toThrow(/not a JWKS/)
    expect(() => readKeySet({ keys: Array(maxKeys + 1).fill(good) })).toThrow(/more than 20/)
  })
})
