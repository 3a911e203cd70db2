import { signingAlgorithm } from '@countersign/oauth'
import { type CryptoKey, importJWK } from 'jose'
import { decodeBase64url } from './base64url.ts'
import { isObject } from './json-object.ts'
import { maxIdentifierLength } from './revocation-feed.ts'

/** A public key of the issuer that may verify access tokens. */
export interface PublicKey {
  readonly kid: string
  readonly key: CryptoKey
  /** Equal for equal keys: modulus and exponent. */
  readonly fingerprint: string
}

/** What a JWKS holds: the keys to use, and what was passed over and why. */
export interface ParsedKeySet {
  readonly keys: readonly PublicKey[]
  readonly refused: readonly { readonly kid: string | undefined; readonly reason: string }[]
}

const maxKeys = 100
const minModulusBits = 2048
// Larger ones only serve to burn processor time.
const maxModulusBits = 8192
const minExponent = 65537n
const maxExponentBytes = 8
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * Reads a JWKS (RFC 7517 §5). A key that must not verify access tokens (symmetric, weak, with a private member, of
 * another use or algorithm) is passed over and the others are used. A document that is ambiguous or holds no usable key
 * is refused as a whole, so that the keys known before stay in use.
 *
 * @throws {Error} when the document is not a JWKS, names a `kid` twice, or holds no usable key.
 */
export async function parseJsonWebKeySet(document: unknown): Promise<ParsedKeySet> {
  if (!isObject(document) || !Array.isArray(document.keys)) throw new Error('not a JWKS')
  const members: readonly unknown[] = document.keys
  if (members.length > maxKeys) throw new Error(`more than ${maxKeys} keys`)
  const kids = members.map((jwk) => (isObject(jwk) && typeof jwk.kid === 'string' ? jwk.kid : undefined))
  const named = kids.filter((kid) => kid !== undefined)
  // Which of the two would verify is a matter of chance.
  if (new Set(named).size !== named.length) throw new Error('a kid is there twice')

  const keys: PublicKey[] = []
  const refused: { kid: string | undefined; reason: string }[] = []
  for (const [at, jwk] of members.entries()) {
    const reason = findFault(jwk)
    if (reason === undefined) keys.push(await importKey(jwk as RsaJwk))
    else refused.push({ kid: kids[at], reason })
  }
  if (keys.length === 0) throw new Error(`no usable key: ${refused.map(({ reason }) => reason).join('; ') || 'empty'}`)
  return { keys, refused }
}

interface RsaJwk {
  readonly kid: string
  readonly n: string
  readonly e: string
}

async function importKey({ kid, n, e }: RsaJwk): Promise<PublicKey> {
  // Only the public members are handed on: nothing else in the document reaches the import.
  const key = await importJWK({ kty: 'RSA', n, e }, signingAlgorithm)
  if (key instanceof Uint8Array) throw new Error('not a public key')
  return { kid, key, fingerprint: `${n}.${e}` }
}

function findFault(jwk: unknown): string | undefined {
  if (!isObject(jwk)) return 'not an object'
  const { kty, kid, use, alg, key_ops: keyOps, n, e } = jwk
  if (kty !== 'RSA') return 'kty is not RSA'
  if (typeof kid !== 'string' || kid === '' || kid.length > maxIdentifierLength) return 'no kid, or too long'
  if (privateMembers.some((member) => Object.hasOwn(jwk, member))) return 'has a private member'
  if (use !== undefined && use !== 'sig') return 'use is not sig'
  if (alg !== undefined && alg !== signingAlgorithm) return `alg is not ${signingAlgorithm}`
  if (keyOps !== undefined && !(Array.isArray(keyOps) && keyOps.includes('verify'))) return 'key_ops lacks verify'
  return findWeakness(n, e)
}

function findWeakness(n: unknown, e: unknown): string | undefined {
  const modulus = typeof n === 'string' ? decodeBase64url(n) : undefined
  const exponent = typeof e === 'string' ? decodeBase64url(e) : undefined
  if (!modulus || !exponent || exponent.length === 0) return 'n or e is not strict base64url'
  const bits = bitLength(modulus)
  if (bits < minModulusBits) return `fewer than ${minModulusBits} bits`
  if (bits > maxModulusBits) return `more than ${maxModulusBits} bits`
  if (((modulus.at(-1) ?? 0) & 1) === 0) return 'n is even'
  if (exponent.length > maxExponentBytes) return 'e is too large'
  const value = BigInt(`0x${Buffer.from(exponent).toString('hex')}`)
  if (value < minExponent || value % 2n === 0n) return `e is under ${minExponent} or even`
  return undefined
}

function bitLength(bytes: Uint8Array): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first === -1 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24)
}
