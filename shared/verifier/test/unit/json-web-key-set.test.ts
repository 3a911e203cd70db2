import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseJsonWebKeySet } from '../../src/json-web-key-set.ts'

const jwkOf = (modulusLength = 2048, publicExponent = 65537) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent })
  return {
    jwk: { ...publicKey.export({ format: 'jwk' }), kid: 'good', use: 'sig', alg: 'RS256' },
    privateJwk: { ...privateKey.export({ format: 'jwk' }), kid: 'private' }
  }
}
const { jwk, privateJwk } = jwkOf()
const refusal = async (other: unknown) => {
  const { keys, refused } = await parseJsonWebKeySet({ keys: [jwk, other] })
  expect(keys.map(({ kid }) => kid)).toEqual(['good'])
  return refused[0]?.reason
}

describe('reading a JWKS (RFC 7517 §5)', () => {
  it('takes RSA keys of 2048 bits and more, with and without use, alg and key_ops', async () => {
    const { use: _use, alg: _alg, ...bare } = jwk
    const document = { keys: [jwk, { ...bare, kid: 'bare' }, { ...bare, kid: 'ops', key_ops: ['verify'] }], other: 1 }
    const { keys, refused } = await parseJsonWebKeySet(document)
    expect(keys.map(({ kid }) => kid)).toEqual(['good', 'bare', 'ops'])
    expect(refused).toEqual([])
    expect(keys[0]?.key).toMatchObject({ type: 'public', usages: ['verify'] })
  })

  it('passes over a key that has a private member', async () => {
    expect(await refusal(privateJwk)).toBe('has a private member')
    expect(await refusal({ ...jwk, kid: 'x', d: 'AQ' })).toBe('has a private member')
  })

  it('passes over symmetric keys and keys of other types, uses and algorithms', async () => {
    expect(await refusal({ kty: 'oct', k: 'AAAA', kid: 'x', alg: 'HS256' })).toBe('kty is not RSA')
    expect(await refusal({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'x' })).toBe('kty is not RSA')
    expect(await refusal({ ...jwk, kid: 'x', use: 'enc' })).toBe('use is not sig')
    expect(await refusal({ ...jwk, kid: 'x', alg: 'PS256' })).toBe('alg is not RS256')
    expect(await refusal({ ...jwk, kid: 'x', key_ops: ['encrypt'] })).toBe('key_ops lacks verify')
    expect(await refusal({ ...jwk, kid: undefined })).toBe('no kid, or too long')
    expect(await refusal('key')).toBe('not an object')
  })

  it('passes over weak and absurd keys', async () => {
    expect(await refusal({ ...jwkOf(1024).jwk, kid: 'x' })).toBe('fewer than 2048 bits')
    expect(await refusal({ ...jwkOf(2047).jwk, kid: 'x' })).toBe('fewer than 2048 bits')
    expect(await refusal({ ...jwkOf(2048, 3).jwk, kid: 'x' })).toBe('e is under 65537 or even')
    expect(await refusal({ ...jwk, kid: 'x', e: 'AQAC' })).toBe('e is under 65537 or even')
    expect(await refusal({ ...jwk, kid: 'x', e: Buffer.alloc(9, 1).toString('base64url') })).toBe('e is too large')
    const padded = Buffer.concat([Buffer.alloc(200), Buffer.from(jwkOf(1024).jwk.n ?? '', 'base64url')])
    expect(await refusal({ ...jwk, kid: 'x', n: padded.toString('base64url') })).toBe('fewer than 2048 bits')
    expect(await refusal({ ...jwk, kid: 'x', n: Buffer.alloc(1025, 255).toString('base64url') })).toBe(
      'more than 8192 bits'
    )
    expect(await refusal({ ...jwk, kid: 'x', n: `${jwk.n}=` })).toBe('n or e is not strict base64url')
    expect(await refusal({ ...jwk, kid: 'x', n: 1 })).toBe('n or e is not strict base64url')
  })

  it('refuses a document that names a kid twice, since it would be chance which key counts', async () => {
    await expect(parseJsonWebKeySet({ keys: [jwk, { ...jwk }] })).rejects.toThrow('a kid is there twice')
    await expect(parseJsonWebKeySet({ keys: [jwk, { ...jwkOf(1024).jwk }] })).rejects.toThrow('a kid is there twice')
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
      { keys: [privateJwk] }
    ]) {
      await expect(parseJsonWebKeySet(document)).rejects.toThrow()
    }
    const many = Array.from({ length: 101 }, (_, at) => ({ ...jwk, kid: `k${at}` }))
    await expect(parseJsonWebKeySet({ keys: many })).rejects.toThrow('more than 100 keys')
  })
})
