import { createPrivateKey, createPublicKey, KeyObject } from 'node:crypto'
import { type CryptoKey, calculateJwkThumbprint, type JWK } from 'jose'

/** How a client assertion may be signed. `Ed25519` is what newer software calls `EdDSA` with that curve (RFC 9864). */
export const assertionAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'] as const
export type AssertionAlgorithm = (typeof assertionAlgorithms)[number]

/** A private key: PKCS#8 PEM, a JWK as an object or as JSON text, or a key of Web Crypto. */
export type PrivateKeyInput = string | JWK | CryptoKey

/** A key that is ready to sign client assertions with. */
export interface SigningKey {
  readonly key: KeyObject | CryptoKey
  readonly algorithm: AssertionAlgorithm
  /** The `kid` of the JWK, or its thumbprint (RFC 7638); `undefined` for a key of Web Crypto that does not show itself. */
  keyId(): Promise<string | undefined>
}

interface Parsed {
  readonly key: KeyObject | CryptoKey
  /** What the key can sign with; the first is the default. */
  readonly algorithms: readonly AssertionAlgorithm[]
  readonly named: { readonly kid?: unknown; readonly alg?: unknown }
  publicJwk(): JWK | undefined
}

const minModulusLength = 2048

/**
 * Reads a private key and settles what it signs with.
 * @throws {TypeError} when it is none, or cannot sign with `algorithm`; the message holds nothing of it
 */
export function readPrivateKey(input: PrivateKeyInput, algorithm?: AssertionAlgorithm): SigningKey {
  const { key, algorithms, named, publicJwk } = parse(input)
  const chosen = algorithm ?? named.alg ?? algorithms[0]
  const found = algorithms.find((one) => one === chosen)
  if (found === undefined) throw new TypeError(`privateKey can sign with ${algorithms.join(' or ')} alone`)
  let thumbprint: Promise<string> | undefined
  return Object.freeze({
    key,
    algorithm: found,
    async keyId() {
      if (typeof named.kid === 'string' && named.kid !== '') return named.kid
      const jwk = publicJwk()
      thumbprint ??= jwk && calculateJwkThumbprint(jwk)
      return thumbprint
    }
  })
}

function parse(input: PrivateKeyInput): Parsed {
  if (typeof input === 'string') {
    const text = input.trim()
    return text.startsWith('{') ? parseJwk(parseJson(text)) : parseKeyObject(() => createPrivateKey(text), {})
  }
  if (typeof input !== 'object' || input === null) throw notAKey()
  return isCryptoKey(input) ? parseCryptoKey(input) : parseJwk(input)
}

function parseJson(text: string): JWK {
  try {
    return JSON.parse(text)
  } catch {
    // Without the cause: V8 quotes the text in it.
    throw notAKey()
  }
}

function parseJwk(jwk: JWK): Parsed {
  const { kid, alg } = jwk
  return parseKeyObject(() => createPrivateKey({ key: jwk as Record<string, unknown>, format: 'jwk' }), { kid, alg })
}

function parseKeyObject(make: () => KeyObject, named: Parsed['named']): Parsed {
  const key = attempt(make)
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  return {
    key,
    algorithms: algorithmsOf({ type, curve: details?.namedCurve, modulusLength: details?.modulusLength }),
    named,
    publicJwk: () => createPublicKey(key).export({ format: 'jwk' }) as JWK
  }
}

function parseCryptoKey(key: CryptoKey): Parsed {
  if (!key.usages.includes('sign')) throw notAKey()
  return { key, algorithms: algorithmsOfCryptoKey(key), named: {}, publicJwk: () => publicJwkOf(key) }
}

/** Web Crypto binds a key to its algorithm. */
function algorithmsOfCryptoKey({ algorithm }: CryptoKey): readonly AssertionAlgorithm[] {
  const { name, namedCurve, modulusLength, hash } = algorithm as {
    name: string
    namedCurve?: string
    modulusLength?: number
    hash?: { name: string }
  }
  if (name === 'ECDSA' && namedCurve === 'P-256') return ['ES256']
  if (name === 'Ed25519') return ['EdDSA', 'Ed25519']
  if (name.startsWith('RSA') && hash?.name === 'SHA-256' && (modulusLength ?? 0) >= minModulusLength) {
    if (name === 'RSASSA-PKCS1-v1_5') return ['RS256']
    if (name === 'RSA-PSS') return ['PS256']
  }
  throw notAKey()
}

interface KeyKind {
  readonly type: string | undefined
  readonly curve: string | undefined
  readonly modulusLength: number | undefined
}

function algorithmsOf({ type, curve, modulusLength = 0 }: KeyKind): readonly AssertionAlgorithm[] {
  if (type === 'rsa' && modulusLength >= minModulusLength) return ['RS256', 'PS256']
  if (type === 'ec' && curve === 'prime256v1') return ['ES256']
  if (type === 'ed25519') return ['EdDSA', 'Ed25519']
  throw notAKey()
}

function publicJwkOf(key: CryptoKey): JWK | undefined {
  if (!key.extractable) return undefined
  return createPublicKey(KeyObject.from(key as Parameters<typeof KeyObject.from>[0])).export({ format: 'jwk' }) as JWK
}

function isCryptoKey(input: object): input is CryptoKey {
  return Object.prototype.toString.call(input) === '[object CryptoKey]'
}

function attempt(make: () => KeyObject): KeyObject {
  try {
    return make()
  } catch {
    // Without the cause, which may quote what was given.
    throw notAKey()
  }
}

function notAKey(): TypeError {
  return new TypeError(
    'privateKey must be a private key (PKCS#8 PEM, JWK or CryptoKey): RSA of 2048 bits or more, P-256 or Ed25519'
  )
}
