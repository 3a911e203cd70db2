import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { KeySetRefusedError, parseJsonWebKeySet } from '../../../src/keys/json-web-key-set.ts'

const jwkOf = (modulusLength = 2048, publicExponent = 65537) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  return {
    jwk: { ...publicKey.export({ format: 'jwk' }), kid: 'good', use: 'sig', alg: 'RS256' },
    privateJwk: { ...privateKey.export({ format: 'jwk' }), kid: 'private' }
  }
}
const { jwk, privateJwk } = jwkOf()
const weak = jwkOf(1024).jwk
/** Why a key beside a valid one is ignored. */
const ignored = async (other: unknown) => {
  const parsed = await parseJsonWebKeySet({ keys: [jwk, other] })
  expect(parsed.keys.map(({ kid }) => kid)).toEqual(['good'])
  return parsed.ignored[0]?.reason
}
/** Why a document is refused for a key beside a valid one, whichever comes first. */
const refused = async (other: unknown) => {
  const error = await parseJsonWebKeySet({ keys: [other, jwk] }).catch((thrown: unknown) => thrown)
  await expect(parseJsonWebKeySet({ keys: [jwk, other] })).rejects.toThrow(error as Error)
  expect(error).toBeInstanceOf(KeySetRefusedError)
  return (error as Error).message
}

describe('reading a JWKS (RFC 7517 §5)', () => {
  it('takes RSA keys of 2048 bits and more, with and without use, alg and key_ops', async () => {
    const { use: _use, alg: _alg, ...bare } = jwk
    const document = { keys: [jwk, { ...bare, kid: 'bare' }, { ...bare, kid: 'ops', key_ops: ['verify'] }], other: 1 }
    const { keys, ignored } = await parseJsonWebKeySet(document)
    expect(keys.map(({ kid }) => kid)).toEqual(['good', 'bare', 'ops'])
    expect(ignored).toEqual([])
    expect(keys[0]?.key).toMatchObject({ type: 'public', usages: ['verify'] })
  })

  it('ignores keys of other types, uses and algorithms, and uses the others', async () => {
    expect(await ignored({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'x' })).toBe('kty is not RSA')
    expect(await ignored({ kty: 'OKP', crv: 'Ed25519', x: 'AA', kid: 'x' })).toBe('kty is not RSA')
    expect(await ignored({ ...jwk, kid: 'x', use: 'enc' })).toBe('use is not sig')
    expect(await ignored({ ...jwk, kid: 'x', alg: 'PS256' })).toBe('alg is not RS256')
    expect(await ignored({ ...jwk, kid: 'x', key_ops: ['encrypt'] })).toBe('key_ops lacks verify')
    expect(await ignored({ ...jwk, kid: undefined })).toBe('no kid, or too long')
    expect(await ignored({ ...jwk, kid: 'x'.repeat(257) })).toBe('no kid, or too long')
    expect(await ignored('key')).toBe('not an object')
  })

  it('ignores keys that are out of range or cannot be read', async () => {
    expect(await ignored({ ...jwk, kid: 'x', e: Buffer.alloc(9, 1).toString('base64url') })).toBe('e is too large')
    expect(await ignored({ ...jwk, kid: 'x', n: Buffer.alloc(1025, 255).toString('base64url') })).toBe(
      'more than 8192 bits'
    )
    expect(await ignored({ ...jwk, kid: 'x', n: `${jwk.n}=` })).toBe('n or e is not strict base64url')
    expect(await ignored({ ...jwk, kid: 'x', n: 1 })).toBe('n or e is not strict base64url')
  })

  it('hands no more of a kid to the log than a kid may have', async () => {
    const { ignored } = await parseJsonWebKeySet({ keys: [jwk, { ...jwk, kid: 'x'.repeat(60_000) }] })
    expect(ignored[0]?.kid).toHaveLength(256)
    expect((await refused({ ...weak, kid: 'x'.repeat(60_000) })).length).toBeLessThan(300)
  })

  it('refuses a document that shows a private member of any key, even an empty one', async () => {
    expect(await refused(privateJwk)).toBe('key "private" has a private member')
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']) {
      expect(await refused({ ...jwk, kid: 'x', [member]: null })).toBe('key "x" has a private member')
      expect(await refused({ ...jwk, kid: 'x', use: 'enc', [member]: 'AQ' })).toBe('key "x" has a private member')
      expect(await refused({ kty: 'OKP', crv: 'Ed25519', x: 'AA', [member]: 'AA' })).toBe('key "" has a private member')
    }
  })

  it('refuses a document that shows a symmetric key', async () => {
    expect(await refused({ kty: 'oct', k: 'AAAA', kid: 'x', alg: 'HS256' })).toBe('key "x" is symmetric')
    expect(await refused({ kty: 'oct', kid: 'x', use: 'enc' })).toBe('key "x" is symmetric')
    expect(await refused({ ...jwk, kid: 'x', k: 'AAAA' })).toBe('key "x" is symmetric')
  })

  it('refuses a document with a weak RSA key, whatever that key is for', async () => {
    const padded = Buffer.concat([Buffer.alloc(200), Buffer.from(weak.n ?? '', 'base64url')]).toString('base64url')
    const even = Buffer.from(jwk.n ?? '', 'base64url')
      .fill(0, 255)
      .toString('base64url')
    expect(await refused({ ...weak, kid: 'x' })).toBe('key "x" has fewer than 2048 bits')
    expect(await refused({ ...weak, kid: 'x', use: 'enc' })).toBe('key "x" has fewer than 2048 bits')
    expect(await refused({ ...weak, kid: 'x', alg: 'RSA-OAEP' })).toBe('key "x" has fewer than 2048 bits')
    expect(await refused({ ...weak, kid: undefined })).toBe('key "" has fewer than 2048 bits')
    expect(await refused({ ...jwkOf(2047).jwk, kid: 'x' })).toBe('key "x" has fewer than 2048 bits')
    expect(await refused({ ...jwk, kid: 'x', n: padded })).toBe('key "x" has fewer than 2048 bits')
    expect(await refused({ ...jwk, kid: 'x', n: even })).toBe('key "x" has an even n')
    expect(await refused({ ...jwkOf(2048, 3).jwk, kid: 'x' })).toBe('key "x" has an e that is under 65537 or even')
    for (const e of ['AQ', 'AQAC', Buffer.from('0000000000000000000001', 'hex').toString('base64url')]) {
      expect(await refused({ ...jwk, kid: 'x', e }), e).toBe('key "x" has an e that is under 65537 or even')
    }
  })

  it('refuses a document that names a kid twice, since it would be chance which key counts', async () => {
    await expect(parseJsonWebKeySet({ keys: [jwk, { ...jwk }] })).rejects.toThrow('a kid appears twice')
    await expect(parseJsonWebKeySet({ keys: [jwk, { ...weak }] })).rejects.toThrow('a kid appears twice')
  })

  it('refuses a document that is no JWKS, or holds no usable key', async () => {
    for (const document of [
      undefined,
      null,
      [],
      {},
      { keys: {} },
      { keys: 'x' },
      { keys: [] },
      { keys: [privateJwk] },
      { keys: [{ ...jwk, use: 'enc' }] }
    ]) {
      await expect(parseJsonWebKeySet(document)).rejects.toBeInstanceOf(KeySetRefusedError)
    }
    const many = Array.from({ length: 101 }, (_, at) => ({ ...jwk, kid: `k${at}` }))
    await expect(parseJsonWebKeySet({ keys: many })).rejects.toThrow('more than 100 keys')
  })
})
