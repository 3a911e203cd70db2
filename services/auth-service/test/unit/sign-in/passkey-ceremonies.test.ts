import { createHash, type JsonWebKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readChallenge, verifyAssertion, verifyRegistration } from '../../../src/sign-in/passkey-ceremonies.ts'
import { relyingPartyOf } from '../../../src/sign-in/relying-party.ts'
import {
  crossOrigin,
  ed25519,
  noAttestation,
  rs256,
  selfAttestation,
  topOrigin,
  type Vector
} from './webauthn-vectors.ts'

const relyingParty = { id: 'example.org', name: 'Example', origins: ['https://example.org'] }
const base64url = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')

function registrationOf({ credentialId, registration }: Vector) {
  const { clientDataJSON, attestationObject } = registration
  return {
    id: base64url(credentialId),
    response: { clientDataJSON: base64url(clientDataJSON), attestationObject: base64url(attestationObject) }
  }
}

function assertionOf({ credentialId, authentication }: Vector) {
  if (!authentication) throw new Error('This vector has no authentication.')
  const { clientDataJSON, authenticatorData, signature } = authentication
  return {
    id: base64url(credentialId),
    response: {
      clientDataJSON: base64url(clientDataJSON),
      authenticatorData: base64url(authenticatorData),
      signature: base64url(signature)
    }
  }
}

/** How the COSE_Key begins: ES256, RS256 and Ed25519 (RFC 9053). */
const beginsKey = /a5010203262001|a401030339010020|a4010103272006/

/** The COSE_Key of these vectors is the end of the attestation object. */
function publicKeyOf({ registration: { attestationObject } }: Vector) {
  return Uint8Array.from(Buffer.from(attestationObject.slice(attestationObject.search(beginsKey)), 'hex'))
}

function keyOf(vector: Vector): JsonWebKey {
  const cose = Buffer.from(publicKeyOf(vector))
  const part = (from: number, to?: number) => cose.subarray(from, to).toString('base64url')
  if (vector === rs256) return { kty: 'RSA', n: part(11, 11 + 436), e: part(-3) }
  if (vector === ed25519) return { kty: 'OKP', crv: 'Ed25519', x: part(-32) }
  return { kty: 'EC', crv: 'P-256', x: part(10, 42), y: part(45, 77) }
}

/** Whether the signature of the authentication is right, in the view of OpenSSL. */
function isSignatureOf(vector: Vector): boolean {
  const { authentication } = vector
  if (!authentication) return false
  const client = createHash('sha256').update(Buffer.from(authentication.clientDataJSON, 'hex')).digest()
  const signed = Buffer.concat([Buffer.from(authentication.authenticatorData, 'hex'), client])
  const digest = vector === ed25519 ? null : 'sha256'
  return verify(digest, signed, { key: keyOf(vector), format: 'jwk' }, Buffer.from(authentication.signature, 'hex'))
}

describe('the vectors of Web Authentication Level 3', () => {
  test.each([
    ['with self attestation', selfAttestation],
    ['with packed attestation, and a key for RS256', rs256]
  ])('a registration with user verification is accepted, whatever its attestation: %s', async (_name, vector) => {
    const registration = registrationOf(vector)
    const challenge = readChallenge(registration.response.clientDataJSON) ?? ''
    expect(challenge).toBe(base64url(vector.registration.challenge))
    expect(await verifyRegistration(relyingParty, challenge, registration)).toEqual({
      credentialId: Uint8Array.from(Buffer.from(vector.credentialId, 'hex')),
      publicKey: publicKeyOf(vector),
      signCount: 0,
      transports: [],
      isBackupEligible: true,
      isBackedUp: true
    })
  })

  test.each([
    ['of another relying party', { ...relyingParty, id: 'example.com' }],
    ['of another origin', { ...relyingParty, origins: ['https://www.example.org'] }]
  ])('a registration %s is refused', async (_of, other) => {
    const { challenge } = selfAttestation.registration
    expect(await verifyRegistration(other, base64url(challenge), registrationOf(selfAttestation))).toBeUndefined()
  })

  test.each([
    ['without attestation', noAttestation],
    ['with a key for Ed25519', ed25519]
  ])('a registration without user verification is refused: %s', async (_name, vector) => {
    const { challenge } = vector.registration
    expect(await verifyRegistration(relyingParty, base64url(challenge), registrationOf(vector))).toBeUndefined()
  })

  test.each([
    ['crossOrigin', crossOrigin],
    ['topOrigin', topOrigin]
  ])('what was made in a frame of another site has no challenge for us: %s', (_name, vector) => {
    expect(readChallenge(registrationOf(vector).response.clientDataJSON)).toBeUndefined()
    expect(readChallenge(assertionOf(vector).response.clientDataJSON)).toBeUndefined()
  })

  test('and it is for that reason alone: with user verification, the signature is accepted', async () => {
    const challenge = base64url(crossOrigin.authentication?.challenge ?? '')
    const verifyBy = (vector: Vector) =>
      verifyAssertion(relyingParty, challenge, assertionOf(crossOrigin), { publicKey: publicKeyOf(vector) })
    expect(await verifyBy(crossOrigin)).toMatchObject({ signCount: 0 })
    expect(await verifyBy(selfAttestation)).toBeUndefined()
  })

  test.each([
    ['without attestation', noAttestation],
    ['with self attestation', selfAttestation],
    ['by RS256', rs256],
    ['by Ed25519', ed25519]
  ])(
    'an assertion without user verification is refused, although its signature is right: %s',
    async (_name, vector) => {
      expect(isSignatureOf(vector)).toBe(true)
      const challenge = base64url(vector.authentication?.challenge ?? '')
      const key = { publicKey: publicKeyOf(vector) }
      expect(await verifyAssertion(relyingParty, challenge, assertionOf(vector), key)).toBeUndefined()
    }
  )
})

describe('the relying party', () => {
  const settings = { productName: 'Example', webauthnRpId: undefined }

  test.each([
    [{ pagesUrl: 'https://app.example.com/account' }, { id: 'app.example.com', origins: ['https://app.example.com'] }],
    [{ pagesUrl: 'http://localhost:4002' }, { id: 'localhost', origins: ['http://localhost:4002'] }],
    [
      {
        pagesUrl: 'https://app.example.com',
        webauthnRpId: 'example.com',
        webauthnOrigins: ['https://www.example.com']
      },
      { id: 'example.com', origins: ['https://app.example.com', 'https://www.example.com'] }
    ],
    [
      { pagesUrl: undefined, webauthnRpId: 'example.com', webauthnOrigins: ['https://example.com'] },
      { id: 'example.com', origins: ['https://example.com'] }
    ]
  ])('%j', (some, expected) => {
    expect(relyingPartyOf({ ...settings, ...some })).toEqual({ ...expected, name: 'Example' })
  })

  test.each([
    [{ pagesUrl: undefined }],
    [{ pagesUrl: undefined, webauthnRpId: 'example.com' }],
    [{ pagesUrl: 'http://127.0.0.1:4002' }],
    [{ pagesUrl: 'http://[::1]:4002' }]
  ])('%j has no passkeys', (some) => {
    expect(relyingPartyOf({ ...settings, ...some })).toBeUndefined()
  })
})
