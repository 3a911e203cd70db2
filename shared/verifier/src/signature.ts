import type { JwsParts } from './compact-jws.ts'
import { TokenSignatureError } from './errors.ts'
import type { VerificationKey } from './key-source.ts'

const algorithm = 'RSASSA-PKCS1-v1_5'
const hash = 'SHA-256'
const minModulusBits = 2048

/**
 * Verifies the signature of a token by RS256 (RFC 7518 §3.3), on the platform's thread pool. The header is judged before.
 * (jose does the same, and parses the token again first: three times the work on the event loop.)
 *
 * @throws {TokenSignatureError} when it does not verify, {@link TypeError} when the key is none for RS256.
 */
export async function verifySignature(jws: JwsParts, key: VerificationKey): Promise<void> {
  checkKey(key)
  // Strict base64url and a full stop: nothing but ASCII.
  const signingInput = Buffer.from(`${jws.protected}.${jws.payload}`, 'latin1')
  if (await crypto.subtle.verify(algorithm, key, jws.signatureBytes, signingInput)) return
  throw new TokenSignatureError({ detail: 'the signature is not one of this key' })
}

/** A key source of one's own may hand over any key. */
function checkKey({ type, algorithm: made }: VerificationKey): void {
  const { name, hash: madeHash, modulusLength = 0 } = made as Partial<RsaHashedKeyAlgorithm> & KeyAlgorithm
  if (type === 'public' && name === algorithm && madeHash?.name === hash && modulusLength >= minModulusBits) return
  throw new TypeError(`a verification key must be a public RSA key of ${minModulusBits} bits or more for RS256`)
}

interface KeyAlgorithm {
  readonly name: string
}

interface RsaHashedKeyAlgorithm extends KeyAlgorithm {
  readonly hash: KeyAlgorithm
  readonly modulusLength: number
}
