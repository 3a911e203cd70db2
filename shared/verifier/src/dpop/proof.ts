import { createHash } from 'node:crypto'
import { flattenedVerify, errors as joseErrors } from 'jose'
import { maxIdentifierLength } from '../access-token-profile.ts'
import { type Clock, systemClock } from '../clock.ts'
import { findExtension, type JwsParts, splitCompactJws } from '../encoding/compact-jws.ts'
import { parseJsonObject } from '../encoding/json-object.ts'
import { DpopNonceError, DpopProofError } from '../errors.ts'
import { checkNumber } from '../option-checks.ts'
import { type DpopAlgorithm, type DpopKey, isDpopAlgorithm, readDpopKey } from './key.ts'
import { isSameTarget } from './target-uri.ts'

/** The request that a proof has to be for. */
export interface DpopExpectations {
  /** The HTTP method, compared character by character. */
  readonly method: string
  /** The URL that the client used; query and fragment play no part. */
  readonly url: string
  /** The access token that came with the proof. Absent where none comes, as at a token endpoint. */
  readonly accessToken?: string | undefined
  readonly clock?: Clock | undefined
  /** How old a proof may be, in seconds, from 1 to 600. Default 60. */
  readonly maxAgeSeconds?: number | undefined
  /** Checks the proof's nonce, which may be absent. Without it, any nonce or none is accepted. */
  readonly isAcceptedNonce?: ((nonce: string | undefined) => boolean) | undefined
}

/** What a valid proof says. */
export interface DpopProof {
  /** SHA-256 thumbprint of the key that has signed it (RFC 7638), in base64url. */
  readonly jkt: string
  readonly jti: string
  /** Seconds since 1970-01-01 UTC. */
  readonly iat: number
  readonly nonce?: string
  /** Identifies this proof in the replay cache: 43 characters, different for each pair of key and `jti`. */
  readonly replayKey: string
  /** How long the replay cache has to keep it: until then, in seconds since 1970-01-01 UTC. */
  readonly expiresAt: number
}

/** The type in a proof's header (RFC 9449 §4.2). */
export const dpopProofType = 'dpop+jwt'
export const defaultProofMaxAgeSeconds = 60
/** How far the clock of a client, or of another replica, may be ahead. */
const clockToleranceSeconds = 5

interface Claims {
  readonly jti: string
  readonly htm: string
  readonly htu: string
  readonly iat: number
  readonly ath: unknown
  readonly nonce: string | undefined
}

/**
 * Verifies a DPoP proof by all checks of RFC 9449 §4.3 but one: whether it was used before. For that, pass
 * `replayKey` and `expiresAt` to `markUsed` of the replay cache.
 *
 * @throws {DpopProofError} when a check fails.
 * @throws {DpopNonceError} when `isAcceptedNonce` refuses the nonce.
 * @throws {TypeError} for a caller's mistake.
 */
export async function verifyDpopProof(proof: string, expected: DpopExpectations): Promise<DpopProof> {
  if (typeof proof !== 'string') throw new TypeError('proof must be a string')
  const { clock = systemClock, maxAgeSeconds } = checkExpectations(expected)
  const jws = splitCompactJws(proof, refuse)
  const alg = checkHeader(jws.unverifiedHeader)
  const { key, jkt } = await readDpopKey(jws.unverifiedHeader.jwk, alg)
  const { jti, htm, htu, iat, ath, nonce } = readClaims(await verifySignature(jws, key, alg))

  if (htm !== expected.method) throw refuse('htm is another method')
  if (!isSameTarget(htu, expected.url)) throw refuse('htu is another URL')
  if (expected.isAcceptedNonce && !expected.isAcceptedNonce(nonce)) {
    throw new DpopNonceError({ detail: nonce === undefined ? 'no nonce' : 'the nonce is not accepted' })
  }
  const now = clock.now() / 1000
  if (!(iat >= now - maxAgeSeconds)) throw refuse('iat is too long ago')
  if (!(iat <= now + clockToleranceSeconds)) throw refuse('iat is in the future')
  if (expected.accessToken !== undefined && ath !== sha256(expected.accessToken)) {
    throw refuse('ath is not the hash of the access token')
  }
  return Object.freeze({
    jkt,
    jti,
    iat,
    ...(nonce !== undefined && { nonce }),
    // Holds the key's thumbprint, so that one client cannot use up the jti of another. Its length is fixed: no two pairs are equal.
    replayKey: sha256(`${jkt}.${jti}`),
    // A replica whose clock is behind accepts it for as much longer.
    expiresAt: Math.ceil(iat) + maxAgeSeconds + clockToleranceSeconds
  })
}

function checkExpectations(expected: DpopExpectations) {
  const { clock, method, url, maxAgeSeconds = defaultProofMaxAgeSeconds } = expected
  if (typeof method !== 'string' || typeof url !== 'string') throw new TypeError('method and url must be strings')
  return { clock, maxAgeSeconds: checkProofMaxAge('maxAgeSeconds', maxAgeSeconds) }
}

/** A mistake in the option is a `TypeError`. */
export function checkProofMaxAge(name: string, maxAgeSeconds: number): number {
  return checkNumber(name, maxAgeSeconds, 1, 600)
}

function checkHeader(header: Readonly<Record<string, unknown>>): DpopAlgorithm {
  if (header.typ !== dpopProofType) throw refuse(`typ is not ${dpopProofType}`)
  if (!isDpopAlgorithm(header.alg)) throw refuse('alg is not one that is taken for proofs')
  const extension = findExtension(header)
  if (extension !== undefined) throw refuse(extension)
  return header.alg
}

async function verifySignature(jws: JwsParts, key: DpopKey['key'], alg: DpopAlgorithm): Promise<Uint8Array> {
  const { protected: protectedHeader, payload, signature } = jws
  try {
    return (await flattenedVerify({ protected: protectedHeader, payload, signature }, key, { algorithms: [alg] }))
      .payload
  } catch (cause) {
    // Anything but a JOSE error is not the proof's fault, and must not look like it.
    if (cause instanceof joseErrors.JOSEError) throw refuse(cause.code, cause)
    throw cause
  }
}

function readClaims(payload: Uint8Array): Claims {
  const claims = parseJsonObject(payload)
  if (!claims) throw refuse('the payload is not a JSON object in UTF-8 with unique names')
  const { jti, htm, htu, iat, ath, nonce } = claims
  if (typeof jti !== 'string' || jti === '' || jti.length > maxIdentifierLength) {
    throw refuse(`jti is not a string of 1 to ${maxIdentifierLength} characters`)
  }
  if (typeof htm !== 'string') throw refuse('htm is not a string')
  if (typeof htu !== 'string') throw refuse('htu is not a string')
  if (typeof iat !== 'number' || !Number.isFinite(iat)) throw refuse('iat is not a finite number')
  if (nonce !== undefined && typeof nonce !== 'string') throw refuse('nonce is not a string')
  return { jti, htm, htu, iat, ath, nonce }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function refuse(detail: string, cause?: unknown): DpopProofError {
  return new DpopProofError({ detail, cause })
}
