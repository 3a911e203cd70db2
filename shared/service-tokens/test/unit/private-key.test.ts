import { createPublicKey, generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto'
import { type CryptoKey, calculateJwkThumbprint, type JWK, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { signClientAssertion } from '../../src/client-assertion.ts'
import { type AssertionAlgorithm, type PrivateKeyInput, readPrivateKey } from '../../src/private-key.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const ed25519 = generateKeyPairSync('ed25519').privateKey

const asPem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }) as string
const asJwk = (key: KeyObject) => key.export({ format: 'jwk' }) as JWK
const thumbprintOf = (key: KeyObject) => calculateJwkThumbprint(createPublicKey(key).export({ format: 'jwk' }) as JWK)

async function sign(input: PrivateKeyInput, algorithm?: AssertionAlgorithm): Promise<string> {
  const signingKey = readPrivateKey(input, algorithm)
  const keyId = await signingKey.keyId()
  return signClientAssertion({ clientId: 'orders', audience: 'https://a.example', signingKey, keyId, now: Date.now() })
}

describe('a private key', () => {
  test.each<[string, KeyObject, AssertionAlgorithm]>([
    ['RSA', rsa, 'RS256'],
    ['P-256', p256, 'ES256'],
    ['Ed25519', ed25519, 'EdDSA']
  ])('%s signs as PEM, as a JWK and as the text of a JWK, under its thumbprint', async (_, key, algorithm) => {
    const kid = await thumbprintOf(key)
    for (const input of [asPem(key), asJwk(key), JSON.stringify(asJwk(key)), ` ${asPem(key)}\n`]) {
      const { protectedHeader } = await jwtVerify(await sign(input), createPublicKey(key))
      expect(protectedHeader).toEqual({ alg: algorithm, typ: 'client-authentication+jwt', kid })
    }
  })

  test.each<[KeyObject, AssertionAlgorithm]>([
    [rsa, 'PS256'],
    [rsa, 'RS256'],
    [ed25519, 'Ed25519']
  ])('signs by the algorithm that is asked for, or that its JWK names: %#', async (key, algorithm) => {
    for (const assertion of [await sign(asPem(key), algorithm), await sign({ ...asJwk(key), alg: algorithm })]) {
      expect((await jwtVerify(assertion, createPublicKey(key))).protectedHeader.alg).toBe(algorithm)
    }
  })

  test('is named as its JWK names it', async () => {
    expect(await readPrivateKey({ ...asJwk(p256), kid: 'orders-2026' }).keyId()).toBe('orders-2026')
  })

  test.each([
    [{ name: 'ECDSA', namedCurve: 'P-256' }, 'ES256'],
    [{ name: 'Ed25519' }, 'EdDSA'],
    [{ name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, 'PS256'],
    [
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
      'RS256'
    ]
  ])('of Web Crypto signs by its own algorithm: %j', async (algorithm, alg) => {
    for (const extractable of [true, false]) {
      const { privateKey, publicKey } = (await webcrypto.subtle.generateKey(algorithm, extractable, [
        'sign',
        'verify'
      ])) as webcrypto.CryptoKeyPair
      const { protectedHeader } = await jwtVerify(await sign(privateKey as CryptoKey), publicKey as CryptoKey)
      expect(protectedHeader.alg).toBe(alg)
      expect(typeof protectedHeader.kid).toBe(extractable ? 'string' : 'undefined')
    }
  })

  test.each<[string, unknown]>([
    ['a public key', createPublicKey(p256).export({ format: 'pem', type: 'spki' })],
    ['a public JWK', createPublicKey(p256).export({ format: 'jwk' })],
    ['RSA of 1024 bits', asPem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)],
    ['P-384', asPem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey)],
    ['X25519', asPem(generateKeyPairSync('x25519').privateKey)],
    ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQ' }],
    ['an encrypted key', p256.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' })],
    ['half of a JWK', '{"kty":"EC","d":"c2VjcmV0'],
    ['another text', 'c2VjcmV0'],
    ['nothing', undefined]
  ])('is not %s, and what was given is not shown', (_, input) => {
    let thrown: unknown
    try {
      readPrivateKey(input as PrivateKeyInput)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(TypeError)
    expect(String((thrown as Error).stack)).not.toContain('c2Vj')
    expect((thrown as Error).cause).toBeUndefined()
  })

  test('of Web Crypto that is public, or for another hash, is none', async () => {
    const { publicKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify'
    ])
    const algorithm = {
      name: 'RSA-PSS',
      hash: 'SHA-512',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1])
    }
    const { privateKey } = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    for (const key of [publicKey, privateKey]) expect(() => readPrivateKey(key as CryptoKey)).toThrow(TypeError)
  })

  test('does not sign by an algorithm that is not its own', () => {
    expect(() => readPrivateKey(asPem(p256), 'RS256')).toThrow('privateKey can sign with ES256 alone')
    expect(() => readPrivateKey({ ...asJwk(rsa), alg: 'RSA-OAEP' })).toThrow(TypeError)
  })
})
