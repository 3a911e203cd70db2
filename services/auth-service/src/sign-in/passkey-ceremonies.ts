import { randomBytes } from 'node:crypto'
import type {
  AuthenticationResponseJSON,
  AuthenticatorTransport,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON
} from '@simplewebauthn/server'
import { z } from 'zod'
import { challengeSeconds, type NewPasskey, type Passkey, type PasskeyKey } from '../accounts/passkey-store.ts'
import { type Bytes, sha256 } from '../hashes.ts'
import type { RelyingParty } from './relying-party.ts'

/** What authenticators and browsers are asked, and how their responses are verified (WebAuthn §7). */

/** Loaded at the first ceremony: many installations never see one. */
const webAuthn = () => import('@simplewebauthn/server')

/** Those that all browsers have, as COSE numbers them: EdDSA, ES256, RS256. */
const algorithms = [-8, -7, -257]

const timeout = challengeSeconds * 1000

/** A registration in the shape of an authenticator response. */
export interface PresentedRegistration {
  readonly id: string
  readonly response: {
    readonly clientDataJSON: string
    readonly attestationObject: string
    readonly transports?: readonly string[] | undefined
  }
}

export interface PresentedAssertion {
  readonly id: string
  readonly response: {
    readonly clientDataJSON: string
    readonly authenticatorData: string
    readonly signature: string
    readonly userHandle?: string | undefined
  }
}

export function newChallenge(): { challenge: Bytes; challengeHash: Bytes } {
  const challenge = Uint8Array.from(randomBytes(32))
  return { challenge, challengeHash: sha256(challenge) }
}

/** The user's id, as authenticators keep it. */
export function userHandleOf(userId: string): Bytes {
  return Uint8Array.from(Buffer.from(userId.replaceAll('-', ''), 'hex'))
}

export async function creationOptions(
  { id: rpID, name: rpName }: RelyingParty,
  { user, challenge, held }: { user: { id: string; username: string }; challenge: Bytes; held: readonly Passkey[] }
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { generateRegistrationOptions } = await webAuthn()
  return generateRegistrationOptions({
    rpID,
    rpName,
    userID: userHandleOf(user.id),
    userName: user.username,
    userDisplayName: user.username,
    challenge,
    timeout,
    attestationType: 'none',
    excludeCredentials: held.map(descriptorOf),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: algorithms
  })
}

/** @param allowed those of the user, if it is known who signs in */
export async function requestOptions(
  { id: rpID }: RelyingParty,
  { challenge, allowed }: { challenge: Bytes; allowed?: readonly Passkey[] | undefined }
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const allowCredentials = allowed && { allowCredentials: allowed.map(descriptorOf) }
  const { generateAuthenticationOptions } = await webAuthn()
  return generateAuthenticationOptions({ rpID, challenge, timeout, userVerification: 'required', ...allowCredentials })
}

function descriptorOf({ credentialId, transports }: Passkey) {
  return {
    id: Buffer.from(credentialId).toString('base64url'),
    transports: transports as AuthenticatorTransport[]
  }
}

// A page in a frame of another site gets no passkey (§13.4.9).
const clientData = z.object({ challenge: z.string().regex(/^[\w-]{43}$/), crossOrigin: z.literal(false).optional() })

/** @returns the challenge that was signed; `undefined` when there is none, or the page was in a frame of another site */
export function readChallenge(clientDataJSON: string): string | undefined {
  return clientData.safeParse(parseJson(Buffer.from(clientDataJSON, 'base64url').toString())).data?.challenge
}

export function challengeHashOf(challenge: string): Bytes {
  return sha256(Buffer.from(challenge, 'base64url'))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Verifies what an authenticator has made (§7.1).
 * @returns `undefined` when it is not valid
 */
export async function verifyRegistration(
  { id: expectedRPID, origins }: RelyingParty,
  expectedChallenge: string,
  { id, response: { clientDataJSON, attestationObject, transports = [] } }: PresentedRegistration
): Promise<NewPasskey | undefined> {
  const { verifyRegistrationResponse } = await webAuthn()
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  const verified = await orRefused(async () => {
    const authData = decodeAttestationObject(Uint8Array.from(Buffer.from(attestationObject, 'base64url'))).get(
      'authData'
    )
    const response: RegistrationResponseJSON = {
      id,
      rawId: id,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON, attestationObject: withoutAttestation(authData) }
    }
    return verifyRegistrationResponse({
      response,
      expectedChallenge,
      expectedOrigin: [...origins],
      expectedRPID,
      requireUserVerification: true,
      supportedAlgorithmIDs: algorithms
    })
  })
  if (!verified?.verified) return undefined
  const { credential, credentialDeviceType, credentialBackedUp } = verified.registrationInfo
  if (credential.id !== id) return undefined
  return {
    credentialId: Uint8Array.from(Buffer.from(id, 'base64url')),
    publicKey: credential.publicKey,
    signCount: credential.counter,
    transports: [...new Set(transports)],
    isBackupEligible: credentialDeviceType === 'multiDevice',
    isBackedUp: credentialBackedUp
  }
}

/** Attestation is not checked, so nothing of it is read: certificates can name addresses to be fetched. */
function withoutAttestation(authData: Uint8Array): string {
  const head = Buffer.from('\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59\0\0', 'latin1')
  head.writeUInt16BE(authData.length, head.length - 2)
  return Buffer.concat([head, authData]).toString('base64url')
}

/**
 * Verifies an assertion (§7.2). The caller has to check the counter.
 * @returns what the authenticator says of itself; `undefined` when it is not valid
 */
export async function verifyAssertion(
  { id: expectedRPID, origins }: RelyingParty,
  expectedChallenge: string,
  { id, response: { clientDataJSON, authenticatorData, signature } }: PresentedAssertion,
  { publicKey }: Pick<PasskeyKey, 'publicKey'>
): Promise<Pick<NewPasskey, 'signCount' | 'isBackupEligible' | 'isBackedUp'> | undefined> {
  const { verifyAuthenticationResponse } = await webAuthn()
  const verified = await orRefused(() => {
    const response: AuthenticationResponseJSON = {
      id,
      rawId: id,
      type: 'public-key',
      clientExtensionResults: {},
      response: { clientDataJSON, authenticatorData, signature }
    }
    return verifyAuthenticationResponse({
      response,
      expectedChallenge,
      expectedOrigin: [...origins],
      expectedRPID,
      // With 0 the library does not check it: a counter that falls would lock the user out.
      credential: { id, publicKey, counter: 0 },
      requireUserVerification: true
    })
  })
  if (!verified?.verified) return undefined
  const { newCounter, credentialDeviceType, credentialBackedUp } = verified.authenticationInfo
  return {
    signCount: newCounter,
    isBackupEligible: credentialDeviceType === 'multiDevice',
    isBackedUp: credentialBackedUp
  }
}

/** The library throws for whatever is wrong with a response. It does no I/O, so nothing else can fail here. */
async function orRefused<T>(verify: () => Promise<T>): Promise<T | undefined> {
  try {
    return await verify()
  } catch {
    return undefined
  }
}
