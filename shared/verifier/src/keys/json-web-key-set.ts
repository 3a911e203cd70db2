import { type CryptoKey, importJWK } from 'jose'
import { maxIdentifierLength, signingAlgorithm } from '../access-token-profile.ts'
import { decodeBase64url } from '../encoding/base64url.ts'
import { isObject } from '../encoding/json-object.ts'

/** A public key of the issuer that may verify access tokens. */
export interface PublicKey {
  readonly kid: string
  readonly key: CryptoKey
  /** Equal for equal keys: modulus and exponent. */
  readonly fingerprint: string
}

/** A key that is of no use here. */
export interface IgnoredKey {
  readonly kid: string | undefined
  readonly reason: string
}

/** What a JWKS holds: the keys to use, and what is ignored and why. */
export interface ParsedKeySet {
  readonly keys: readonly PublicKey[]
  readonly ignored: readonly IgnoredKey[]
}

/** A response that is not a clean key set: the keys known before stay. The message says why, for the log alone. */
export class KeySetRefusedError extends Error {
  override readonly name = 'KeySetRefusedError'
}

const maxKeys = 100
const minModulusBits = 2048
// Larger ones only serve to burn processor time.
const maxModulusBits = 8192
const minExponent = 65537n
const maxExponent = 2n ** 64n
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']

/**
 * Reads a JWKS (RFC 7517 §5). A key for another purpose (of another type, use or algorithm, or without a `kid`) is
 * ignored and the others are used, as the RFC says. A document that shows a private or symmetric key, or a weak RSA key,
 * is refused as a whole, whatever that key is for: its issuer is broken, or not the issuer. So is one that is ambiguous
 * or holds no usable key.
 *
 * @throws {KeySetRefusedError} when the document is refused.
 */
export async function parseJsonWebKeySet(document: unknown): Promise<ParsedKeySet> {
  if (!isObject(document) || !Array.isArray(document.keys)) throw new KeySetRefusedError('not a JWKS')
  const members: readonly unknown[] = document.keys
  if (members.length > maxKeys) throw new KeySetRefusedError(`more than ${maxKeys} keys`)
  // Which of two would verify is a matter of chance; one of another type is none (RFC 7517 §4.5).
  const named = members
    .filter(isRsa)
    .map(kidOf)
    .filter((kid) => kid !== undefined)
  if (new Set(named).size !== named.length) throw new KeySetRefusedError('a kid appears twice')
  for (const jwk of members) refuseDanger(jwk)

  const keys: PublicKey[] = []
  const ignored: IgnoredKey[] = []
  for (const jwk of members) {
    const reason = findMisfit(jwk)
    if (reason === undefined) keys.push(await importKey(jwk as RsaJwk))
    else ignored.push({ kid: kidOf(jwk)?.slice(0, maxIdentifierLength), reason })
  }
  if (keys.length > 0) return { keys, ignored }
  throw new KeySetRefusedError(`no usable key: ${ignored.map(({ reason }) => reason).join('; ') || 'empty'}`)
}

function isRsa(jwk: unknown): boolean {
  return isObject(jwk) && jwk.kty === 'RSA'
}

function kidOf(jwk: unknown): string | undefined {
  return isObject(jwk) && typeof jwk.kid === 'string' ? jwk.kid : undefined
}

interface RsaJwk {
  readonly kid: string
  readonly n: string
  readonly e: string
}

async function importKey({ kid, n, e }: RsaJwk): Promise<PublicKey> {
  // Only the public members are handed on: nothing else in the document reaches the import.
  const key = await importJWK({ kty: 'RSA', n, e }, signingAlgorithm).catch((cause: unknown) => {
    throw new KeySetRefusedError('a key cannot be imported', { cause })
  })
  if (key instanceof Uint8Array) throw new KeySetRefusedError('not a public key')
  return { kid, key, fingerprint: `${n}.${e}` }
}

function refuseDanger(jwk: unknown): void {
  const danger = isObject(jwk) ? findDanger(jwk) : undefined
  if (danger === undefined) return
  throw new KeySetRefusedError(`key ${JSON.stringify(kidOf(jwk)?.slice(0, maxIdentifierLength) ?? '')} ${danger}`)
}

/** What no key of a sound issuer shows, whatever the key is for. */
function findDanger(jwk: Readonly<Record<string, unknown>>): string | undefined {
  if (jwk.kty === 'oct' || Object.hasOwn(jwk, 'k')) return 'is symmetric'
  if (privateMembers.some((member) => Object.hasOwn(jwk, member))) return 'has a private member'
  const key = jwk.kty === 'RSA' ? decodeKey(jwk) : undefined
  if (!key) return undefined
  if (bitLength(key.modulus) < minModulusBits) return `has fewer than ${minModulusBits} bits`
  if (((key.modulus.at(-1) ?? 0) & 1) === 0) return 'has an even n'
  if (key.exponent < minExponent || key.exponent % 2n === 0n) return `has an e that is under ${minExponent} or even`
  return undefined
}

/** Why a key cannot verify access tokens. */
function findMisfit(jwk: unknown): string | undefined {
  if (!isObject(jwk)) return 'not an object'
  const { kty, kid, use, alg, key_ops: keyOps } = jwk
  if (kty !== 'RSA') return 'kty is not RSA'
  if (typeof kid !== 'string' || kid === '' || kid.length > maxIdentifierLength) return 'no kid, or too long'
  if (use !== undefined && use !== 'sig') return 'use is not sig'
  if (alg !== undefined && alg !== signingAlgorithm) return `alg is not ${signingAlgorithm}`
  if (keyOps !== undefined && !(Array.isArray(keyOps) && keyOps.includes('verify'))) return 'key_ops lacks verify'
  const key = decodeKey(jwk)
  if (!key) return 'n or e is not strict base64url'
  if (bitLength(key.modulus) > maxModulusBits) return `more than ${maxModulusBits} bits`
  if (key.exponent >= maxExponent) return 'e is too large'
  return undefined
}

function decodeKey({ n, e }: Readonly<Record<string, unknown>>) {
  const modulus = typeof n === 'string' ? decodeBase64url(n) : undefined
  const exponent = typeof e === 'string' ? decodeBase64url(e) : undefined
  if (!modulus || !exponent || exponent.length === 0) return undefined
  return { modulus, exponent: BigInt(`0x${Buffer.from(exponent).toString('hex')}`) }
}

function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first === -1 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24)
}
