import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, flattenedVerify, importJWK, type JWK } from 'jose'
import { decodeBase64url } from './base64url.ts'
import { type Clock, systemClock } from './clock.ts'
import { maxTokenLength } from './compact-jws.ts'
import { DpopNonceError, DpopProofError } from './errors.ts'
import { isObject, parseJsonObject } from './json-object.ts'
import { maxIdentifierLength } from './revocation-feed.ts'

/** The algorithms that proofs may be signed with, for metadata (RFC 9449 §5.1). */
export const dpopAlgorithms = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const

/** What a proof has to be made for. */
export interface DpopExpectations {
  /** The request's method. */
  readonly method: string
  /** The request's URL as clients see it; query and fragment play no part. */
  readonly url: string
  /** The access token that comes with the proof: `ath` has to be its hash. */
  readonly accessToken?: string | undefined
  readonly clock?: Clock | undefined
  /** How old a proof may be, in seconds. Default 60. */
  readonly maxAgeSeconds?: number | undefined
  /** Whether the proof's nonce, or that it has none, is acceptable. By default any is. */
  readonly isAcceptedNonce?: ((nonce: string | undefined) => boolean) | undefined
}

/** A proof that has verified. */
export interface DpopProof {
  /** SHA-256 thumbprint of the key (RFC 7638). */
  readonly jkt: string
  readonly jti: string
  /** Seconds since 1970-01-01 UTC. */
  readonly iat: number
  readonly nonce: string | undefined
  /** To be claimed once: made of key and `jti`, of fixed size. */
  readonly replayKey: string
  /** Until then the claim has to be remembered, in seconds since 1970-01-01 UTC. */
  readonly expiresAt: number
}

/** How far in the future `iat` may be, in seconds. */
const futureToleranceSeconds = 5
const minModulusBytes = 256
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * Verifies a DPoP proof (RFC 9449 §4.3), but for its single use: that is for the caller to claim, by `replayKey`.
 *
 * @throws {DpopProofError} for anything that is wrong with it, {@link DpopNonceError} for its nonce alone.
 */
export async function verifyDpopProof(proof: string, expected: DpopExpectations): Promise<DpopProof> {
  const { header, payload, parts } = parseProof(proof)
  const jwk = checkHeader(header)
  await verifySignature(parts, jwk, header.alg as string)
  const { jti, iat, nonce } = checkClaims(payload, expected)
  const jkt = await calculateJwkThumbprint(jwk)
  const { maxAgeSeconds = 60 } = expected
  return Object.freeze({
    jkt,
    jti,
    iat,
    nonce,
    replayKey: createHash('sha256').update(`${jkt}.${jti}`).digest('base64url'),
    expiresAt: iat + maxAgeSeconds + futureToleranceSeconds
  })
}

type JsonObject = Readonly<Record<string, unknown>>

function parseProof(proof: string) {
  if (proof.length >= maxTokenLength) throw refused('too long')
  const parts = proof.split('.', 4)
  const [protectedHeader, payload, signature] = parts
  if (parts.length !== 3 || !protectedHeader || !payload || !signature) throw refused('not three parts')
  const decoded = [protectedHeader, payload, signature].map(decodeBase64url)
  const [header, claims] = decoded.slice(0, 2).map((bytes) => bytes && parseJsonObject(bytes))
  if (!header || !claims || !decoded[2]) throw refused('not a JWT in strict base64url with unique names')
  return { header, payload: claims, parts: { protected: protectedHeader, payload, signature } }
}

/** @returns the public members of the key, and no other */
function checkHeader(header: JsonObject): JWK {
  const { typ, alg, jwk } = header
  if (typeof typ !== 'string' || !/^(application\/)?dpop\+jwt$/i.test(typ)) throw refused('typ is not dpop+jwt')
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) throw refused('crit')
  if (!dpopAlgorithms.some((known) => known === alg)) throw refused('alg is not one of those that are taken')
  if (!isObject(jwk)) throw refused('jwk is missing')
  if (privateMembers.some((member) => Object.hasOwn(jwk, member))) throw refused('jwk has a private member')
  const { kty, crv, x, y, n, e } = jwk
  const texts = [kty, crv, x, y, n, e].every((member) => member === undefined || typeof member === 'string')
  if (!texts) throw refused('jwk is malformed')
  const members = { kty, crv, x, y, n, e } as JWK
  const curves = { ES256: 'P-256', ES384: 'P-384', EdDSA: 'Ed25519', Ed25519: 'Ed25519' } as const
  const curve = curves[alg as keyof typeof curves]
  if (curve !== undefined && crv !== curve) throw refused('jwk is of another curve than alg')
  if (curve === undefined && (kty !== 'RSA' || !isStrong(members))) throw refused('jwk is no strong RSA key')
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as JWK
}

function isStrong({ n = '', e = '' }: JWK): boolean {
  const modulus = decodeBase64url(n)
  const exponent = decodeBase64url(e)
  return modulus !== undefined && modulus.length >= minModulusBytes && exponent !== undefined && exponent.length >= 3
}

async function verifySignature(
  parts: { protected: string; payload: string; signature: string },
  jwk: JWK,
  alg: string
) {
  try {
    await flattenedVerify(parts, await importJWK(jwk, alg), { algorithms: [alg] })
  } catch (cause) {
    // Whatever the key in the header is, it is the sender's: nothing here is this service's fault.
    throw new DpopProofError({ detail: 'the signature does not verify', cause })
  }
}

function checkClaims(payload: JsonObject, expected: DpopExpectations) {
  const { clock = systemClock, maxAgeSeconds = 60, isAcceptedNonce = () => true } = expected
  const { jti, htm, htu, iat, ath, nonce } = payload
  if (typeof jti !== 'string' || jti === '' || jti.length > maxIdentifierLength) throw refused('jti')
  if (htm !== expected.method) throw refused('htm is another method')
  if (typeof htu !== 'string' || withoutQuery(htu) === undefined || withoutQuery(htu) !== withoutQuery(expected.url)) {
    throw refused('htu is another URL')
  }
  const now = clock.now() / 1000
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw refused('iat is not a number')
  if (iat < now - maxAgeSeconds) throw refused('iat is too long ago')
  if (iat > now + futureToleranceSeconds) throw refused('iat is in the future')
  if (expected.accessToken !== undefined) {
    const hash = createHash('sha256').update(expected.accessToken).digest('base64url')
    if (ath !== hash) throw refused('ath is not the hash of the access token')
  }
  if (nonce !== undefined && (typeof nonce !== 'string' || nonce.length > maxIdentifierLength)) throw refused('nonce')
  if (!isAcceptedNonce(nonce)) throw new DpopNonceError({ detail: nonce === undefined ? 'no nonce' : 'another nonce' })
  return { jti, iat, nonce }
}

/** After syntax-based normalisation (RFC 3986 §6.2.2), which the URL parser does. */
function withoutQuery(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  url.search = ''
  url.hash = ''
  return url.href
}

function refused(detail: string): DpopProofError {
  return new DpopProofError({ detail })
}
