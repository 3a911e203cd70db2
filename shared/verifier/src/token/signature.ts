import { KeyObject, verify } from 'node:crypto'
import { TokenSignatureError } from '../errors.ts'
import type { VerificationKey } from '../keys/key-source.ts'
import type { UnverifiedToken } from './parser.ts'

const algorithm = 'RSASSA-PKCS1-v1_5'
const hash = 'SHA-256'
const minModulusBits = 2048

/** Keys as node:crypto wants them. */
const checkedKeys = new WeakMap<VerificationKey, KeyObject>()

/**
 * Verifies the signature of a token by RS256 (RFC 7518 §3.3), on Node's thread pool. The header is checked before. (jose does so by
 * WebCrypto, whose call takes twice as long on the event loop, and parses the token again first.)
 *
 * @throws {TokenSignatureError} when it does not verify, {@link TypeError} when the key is none for RS256.
 */
export function verifySignature({ signingInput, signature }: UnverifiedToken, key: VerificationKey): Promise<void> {
  return new Promise((resolve, reject) => {
    verify('RSA-SHA256', signingInput, checkKey(key), signature, (error, isGood) => {
      if (isGood === true) resolve()
      else reject(error ?? new TokenSignatureError({ detail: 'the signature is not one of this key' }))
    })
  })
}

/** A custom key source may return any key. */
function checkKey(key: VerificationKey): KeyObject {
  const known = checkedKeys.get(key)
  if (known) return known
  const { name, hash: madeHash, modulusLength = 0 } = key.algorithm as Partial<RsaHashedKeyAlgorithm> & KeyAlgorithm
  const isFit = name === algorithm && madeHash?.name === hash && modulusLength >= minModulusBits
  if (key.type !== 'public' || !key.usages.includes('verify') || !isFit) {
    throw new TypeError(`a verification key must be a public RSA key of ${minModulusBits} bits or more for RS256`)
  }
  const checked = KeyObject.from(key)
  checkedKeys.set(key, checked)
  return checked
}

interface KeyAlgorithm {
  readonly name: string
}

interface RsaHashedKeyAlgorithm extends KeyAlgorithm {
  readonly hash: KeyAlgorithm
  readonly modulusLength: number
}
