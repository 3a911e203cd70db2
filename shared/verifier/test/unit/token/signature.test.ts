import { createTestIssuer } from '@countersign/verifier/testing'
import { describe, expect, it } from 'vitest'
import type { VerificationKey } from '../../../src/keys/key-source.ts'
import { createTokenParser } from '../../../src/token/parser.ts'
import { verifySignature } from '../../../src/token/signature.ts'

const parseToken = createTokenParser()
const importKey = async (jwk: JsonWebKey, algorithm: object, usages: KeyUsage[] = ['verify']) =>
  crypto.subtle.importKey('jwk', jwk, algorithm as never, true, usages as never)
type KeyUsage = 'verify' | 'sign'

describe('the signature of a token', () => {
  it('verifies by RS256 (RFC 7518 §3.3), and under no other key', async () => {
    const [issuer, other] = await Promise.all([createTestIssuer(), createTestIssuer()])
    const key = issuer.keySource.get(issuer.kid)
    expect(key).toBeDefined()
    await expect(verifySignature(parseToken(issuer.mint()), key as never)).resolves.toBeUndefined()
    await expect(verifySignature(parseToken(other.mint()), key as never)).rejects.toMatchObject({
      code: 'ERR_TOKEN_SIGNATURE'
    })
  })

  it('is none when it has another length, or is no number below the modulus (RFC 8017 §8.2.2)', async () => {
    const issuer = await createTestIssuer()
    const key = issuer.keySource.get(issuer.kid) as VerificationKey
    const { signature, ...jws } = parseToken(issuer.mint())
    await expect(verifySignature({ ...jws, signature }, key)).resolves.toBeUndefined()
    const wrong = [1, 255, 257, 512, 4096].map((length) => Buffer.alloc(length, signature))
    for (const other of [...wrong, Buffer.alloc(256), Buffer.alloc(256, 0xff), new Uint8Array()]) {
      await expect(verifySignature({ ...jws, signature: other }, key)).rejects.toMatchObject({
        code: 'ERR_TOKEN_SIGNATURE'
      })
    }
  })

  it('is verified with no key of another algorithm, hash, size or kind: that is a mistake of the key source', async () => {
    const issuer = await createTestIssuer()
    const [jwk] = issuer.jwks().keys
    const rsa = { kty: 'RSA', n: jwk?.n as string, e: jwk?.e as string }
    const weak = await crypto.subtle.generateKey(
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) },
      true,
      ['sign', 'verify']
    )
    const wrong = [
      await importKey(rsa, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' }),
      await importKey(rsa, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' }),
      await importKey(rsa, { name: 'RSA-PSS', hash: 'SHA-256' }),
      await importKey(rsa, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, []),
      await importKey({ kty: 'oct', k: 'A'.repeat(43) }, { name: 'HMAC', hash: 'SHA-256' }),
      weak.publicKey,
      weak.privateKey
    ]
    for (const key of wrong) {
      await expect(verifySignature(parseToken(issuer.mint()), key as never)).rejects.toThrow(
        /^a verification key must be/
      )
    }
  })
})
