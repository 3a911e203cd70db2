import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { generateSigningKey } from '../../../src/keys/generate-signing-key.ts'
import { createKeySealing, SealedKeyError } from '../../../src/keys/key-sealing.ts'
import { createMasterKey } from '../../../src/keys/master-keys.ts'

const masterKey = createMasterKey(randomBytes(32))
const sealing = createKeySealing([masterKey])

describe('a sealed signing key', () => {
  test('opens under the master key that sealed it, also when that is no longer the current one', async () => {
    const sealed = await sealing.seal('kid-1', { kty: 'RSA', d: 'secret' })
    const rotated = createKeySealing([createMasterKey(randomBytes(32)), masterKey])
    await expect(rotated.open('kid-1', sealed)).resolves.toEqual({ kty: 'RSA', d: 'secret' })
  })

  test('reveals nothing of the private key', async () => {
    const sealed = await sealing.seal('kid-1', { kty: 'RSA', d: 'a-very-private-member' })
    const parts = sealed.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    expect(parts.join()).not.toContain('a-very-private-member')
  })

  test('does not open for the kid of another row', async () => {
    const sealed = await sealing.seal('kid-1', { kty: 'RSA' })
    await expect(sealing.open('kid-2', sealed)).rejects.toThrow(SealedKeyError)
    await expect(sealing.open('kid-2', sealed)).rejects.toThrow('sealed for another key')
  })

  test('does not open under another master key, and the message names the variable', async () => {
    const sealed = await sealing.seal('kid-1', { kty: 'RSA' })
    const stranger = createKeySealing([createMasterKey(randomBytes(32))])
    await expect(stranger.open('kid-1', sealed)).rejects.toThrow(/another master key.*COUNTERSIGN_MASTER_KEY/)
  })

  test('does not open with a changed character', async () => {
    const sealed = await sealing.seal('kid-1', { kty: 'RSA' })
    const at = sealed.length - 5
    const altered = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
    await expect(sealing.open('kid-1', altered)).rejects.toThrow(SealedKeyError)
  })
})

describe('a new signing key', () => {
  test('publishes only the public RSA members, under its thumbprint', async () => {
    const { kid, publicJwk, sealedPrivateJwk } = await generateSigningKey(sealing, 2048)
    expect(publicJwk).toEqual({ kty: 'RSA', use: 'sig', alg: 'RS256', kid, n: expect.any(String), e: 'AQAB' })
    const privateJwk = await sealing.open(kid, sealedPrivateJwk)
    expect(privateJwk).toMatchObject({ kty: 'RSA', n: publicJwk.n, d: expect.any(String) })
  })
})
