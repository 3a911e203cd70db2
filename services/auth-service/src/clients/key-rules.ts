import { createPublicKey } from 'node:crypto'
import type { JSONWebKeySet, JWK } from 'jose'

/** The most keys that a client may have at once. */
export const maxKeys = 20

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const minModulusBits = 2048
/** Larger keys only make each signature expensive to verify. */
const maxModulusBits = 8192
const minExponent = 65_537n
const maxExponent = 2n ** 64n

const publicMembers = ['kty', 'crv', 'n', 'e', 'x', 'y', 'kid', 'alg', 'use', 'key_ops']

/** The members of a key that are read: the public ones, and a private one, for which it is rejected. */
export function neededMembers(key: Readonly<Record<string, unknown>>): JWK {
  const needed = [...publicMembers, ...privateMembers].filter((member) => Object.hasOwn(key, member))
  return Object.fromEntries(needed.map((member) => [member, key[member]])) as JWK
}

/** Why a key cannot authenticate a client. */
export type KeyFault = 'private' | 'weak'

/** @returns what is wrong with a key of a client, wherever it comes from; `undefined` for a valid one */
export function findKeyFault(key: JWK): KeyFault | undefined {
  if (privateMembers.some((member) => Object.hasOwn(key, member))) return 'private'
  return isStrong(key) ? undefined : 'weak'
}

export interface RefusedKey {
  readonly kid: string
  readonly fault: KeyFault
}

/**
 * The keys of a set that may be used. A bad key is left out and the others stay valid (RFC 7517 §5): a client that publishes
 * one by mistake is not locked out, and that key opens nothing.
 * @throws {Error} when it is no key set, or has more than {@link maxKeys}
 */
export function readKeySet(document: unknown): { keySet: JSONWebKeySet; refused: readonly RefusedKey[] } {
  const members: unknown = (document as Partial<JSONWebKeySet> | null)?.keys
  if (!Array.isArray(members)) throw new Error('the document is not a JWKS (RFC 7517)')
  if (members.length > maxKeys) throw new Error(`the JWKS has more than ${maxKeys} keys`)
  const keys: JWK[] = []
  const refused: RefusedKey[] = []
  for (const member of members) {
    const key = toKey(member)
    const fault = findKeyFault(key)
    if (fault === undefined) keys.push(key)
    else refused.push({ kid: typeof key.kid === 'string' ? key.kid.slice(0, 128) : '', fault })
  }
  return { keySet: { keys }, refused }
}

function toKey(member: unknown): JWK {
  return typeof member === 'object' && member !== null ? (member as JWK) : ({} as JWK)
}

/** RSA of 2048 to 8192 bits with an odd exponent of 65537 or more, P-256 or Ed25519; a point off the curve is none. */
function isStrong({ kty, crv, n, e, x, y }: JWK): boolean {
  try {
    const members = { kty, crv, n, e, x, y } as Record<string, string>
    const { asymmetricKeyType: type, asymmetricKeyDetails } = createPublicKey({ key: members, format: 'jwk' })
    if (type !== 'rsa') return type === 'ed25519' || (type === 'ec' && crv === 'P-256')
    const { modulusLength: bits = 0, publicExponent: exponent = 0n } = asymmetricKeyDetails ?? {}
    const isOdd = exponent % 2n === 1n && (Buffer.from(n ?? '', 'base64url').at(-1) ?? 0) % 2 === 1
    return (
      isOdd && bits >= minModulusBits && bits <= maxModulusBits && exponent >= minExponent && exponent < maxExponent
    )
  } catch {
    return false
  }
}
