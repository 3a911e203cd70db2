import { createHash, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readChallenge, verifyAssertion, verifyRegistration } from '../../../src/sign-in/passkey-ceremonies.ts'
import { relyingPartyOf } from '../../../src/sign-in/relying-party.ts'
import { crossOrigin, noAttestation, selfAttestation, type Vector } from './webauthn-vectors.ts'

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

/** The COSE_Key of these vectors is the end of the attestation object. */
function publicKeyOf({ registration: { attestationObject } }: Vector) {
  return Uint8Array.from(Buffer.from(attestationObject.slice(attestationObject.indexOf('a5010203262001')), 'hex'))
}

function isSignatureOf(vector: Vector): boolean {
  const { authentication } = vector
  if (!authentication) return false
  const cose = Buffer.from(publicKeyOf(vector))
  const key = {
    kty: 'EC',
    crv: 'P-256',
    x: cose.subarray(10, 42).toString('base64url'),
    y: cose.subarray(45, 77).toString('base64url')
  }
  const client = createHash('sha256').update(Buffer.from(authentication.clientDataJSON, 'hex')).digest()
  const signed = Buffer.concat([Buffer.from(authentication.authenticatorData, 'hex'), client])
  return verify('sha256', signed, { key, format: 'jwk' }, Buffer.from(authentication.signature, 'hex'))
}

describe('the vectors of Web Authentication Level 3', () => {
  test('a registration with user verification is accepted, whatever its attestation', async () => {
    const registration = registrationOf(selfAttestation)
    const challenge = readChallenge(registration.response.clientDataJSON) ?? ''
    expect(challenge).toBe(base64url(selfAttestation.registration.challenge))
    expect(await verifyRegistration(relyingParty, challenge, registration)).toEqual({
      credentialId: Uint8Array.from(Buffer.from(selfAttestation.credentialId, 'hex')),
      publicKey: publicKeyOf(selfAttestation),
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

  test('a registration without user verification is refused', async () => {
    const { challenge } = noAttestation.registration
    expect(await verifyRegistration(relyingParty, base64url(challenge), registrationOf(noAttestation))).toBeUndefined()
  })

  test('one that was made in a frame of another site has no challenge for us', () => {
    expect(readChallenge(registrationOf(crossOrigin).response.clientDataJSON)).toBeUndefined()
  })

  test.each([
    ['without attestation', noAttestation],
    ['with self attestation', selfAttestation]
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
