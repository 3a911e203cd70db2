import { type CryptoKey, calculateJwkThumbprint, importJWK } from 'jose'
import { decodeBase64url } from '../encoding/base64url.ts'
import { isObject } from '../encoding/json-object.ts'
import { DpopProofError } from '../errors.ts'

/** The signature algorithms that DPoP proofs may have: for `algs` and `dpop_signing_alg_values_supported`. */
export const dpopAlgorithms = Object.freeze(['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const)
/** One of {@link dpopAlgorithms}. */
export type DpopAlgorithm = (typeof dpopAlgorithms)[number]

/** The public key that a proof brings along. */
export interface DpopKey {
  readonly key: CryptoKey
  /** Its SHA-256 thumbprint (RFC 7638). */
  readonly jkt: string
}

interface KeyKind {
  readonly kty: string
  readonly crv?: string
  /** The members that make the public key, and how many bytes each has, where that is fixed. */
  readonly members: Readonly<Record<string, number | undefined>>
}

/** What Web Cryptography tells of an RSA key; Node has no global type for it. */
interface RsaKeyAlgorithm {
  readonly modulusLength: number
  readonly publicExponent: Uint8Array
}

const rsa: KeyKind = { kty: 'RSA', members: { n: undefined, e: undefined } }
const ed25519: KeyKind = { kty: 'OKP', crv: 'Ed25519', members: { x: 32 } }
const kinds: Readonly<Record<DpopAlgorithm, KeyKind>> = {
  ES256: { kty: 'EC', crv: 'P-256', members: { x: 32, y: 32 } },
  ES384: { kty: 'EC', crv: 'P-384', members: { x: 48, y: 48 } },
  EdDSA: ed25519,
  Ed25519: ed25519,
  RS256: rsa,
  PS256: rsa
}
/** The private members of every type of key (RFC 7518 §6). `k` is a symmetric one. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']
const minModulusBits = 2048
// The sender of a proof chooses the key: larger ones only burn processor time.
const maxModulusBits = 4096
const minExponent = 65537n
const maxExponent = 2n ** 64n

export function isDpopAlgorithm(alg: unknown): alg is DpopAlgorithm {
  return dpopAlgorithms.some((one) => one === alg)
}

/**
 * Reads the public key of a proof's header (RFC 9449 §4.2). Nothing but the members that make the key is used.
 *
 * @throws {DpopProofError} when it is no public key for the algorithm, shows a private member, or is weak.
 */
export async function readDpopKey(jwk: unknown, alg: DpopAlgorithm): Promise<DpopKey> {
  if (!isObject(jwk)) throw refuse('jwk is not an object')
  if (privateMembers.some((member) => Object.hasOwn(jwk, member))) throw refuse('jwk has a private member')
  const publicJwk = pickPublicMembers(jwk, alg)
  const key = await importJWK(publicJwk, alg).catch((cause: unknown) => {
    // Whatever the import says, it says it of a key that came with the request.
    throw refuse('jwk cannot be imported', cause)
  })
  if (key instanceof Uint8Array) throw refuse('jwk is symmetric')
  if (publicJwk.kty === 'RSA') refuseWeakRsaKey(key)
  return { key, jkt: await calculateJwkThumbprint(publicJwk, 'sha256') }
}

function pickPublicMembers(jwk: Readonly<Record<string, unknown>>, alg: DpopAlgorithm) {
  const { kty, crv, members } = kinds[alg]
  if (jwk.kty !== kty || jwk.crv !== crv) throw refuse(`jwk is no key for ${alg}`)
  if (jwk.use !== undefined && jwk.use !== 'sig') throw refuse('the use of jwk is not sig')
  if (jwk.alg !== undefined && jwk.alg !== alg) throw refuse(`the alg of jwk is not ${alg}`)
  const publicJwk: Record<string, string> & { kty: string } = { kty }
  if (crv !== undefined) publicJwk.crv = crv
  for (const [name, length] of Object.entries(members)) {
    const value = jwk[name]
    const bytes = typeof value === 'string' ? decodeBase64url(value) : undefined
    // One key has one spelling, and so one thumbprint (RFC 7518 §6.2.1.2, §6.3.1.1).
    const isWellFormed = length === undefined ? bytes?.[0] : bytes?.length === length
    if (!isWellFormed) throw refuse(`${name} of jwk is malformed`)
    publicJwk[name] = value as string
  }
  return publicJwk
}

function refuseWeakRsaKey(key: CryptoKey): void {
  const { modulusLength, publicExponent } = key.algorithm as unknown as RsaKeyAlgorithm
  if (modulusLength < minModulusBits) throw refuse(`jwk has fewer than ${minModulusBits} bits`)
  if (modulusLength > maxModulusBits) throw refuse(`jwk has more than ${maxModulusBits} bits`)
  const exponent = BigInt(`0x${Buffer.from(publicExponent).toString('hex')}`)
  if (exponent < minExponent || exponent >= maxExponent || exponent % 2n === 0n) throw refuse('the e of jwk is weak')
}

function refuse(detail: string, cause?: unknown): DpopProofError {
  return new DpopProofError({ detail, cause })
}
