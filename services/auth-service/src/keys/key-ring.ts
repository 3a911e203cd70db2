import { createHash } from 'node:crypto'
import { signingAlgorithm } from '@countersign/oauth'
import { describeError, type Logger } from '@countersign/service-kit'
import { createLocalKeySet, type KeySource } from '@countersign/verifier'
import { type CryptoKey, importJWK, type JWK } from 'jose'
import type { KeySealing } from './key-sealing.ts'
import type { SigningKeyStore, StoredSigningKey } from './signing-key-store.ts'
import { generateSigningKey, publishedJwk } from './signing-keys.ts'

export interface KeyRingDeps {
  store: SigningKeyStore
  sealing: KeySealing
  logger: Logger
  /** Size of a new key's modulus, in bits. */
  modulusBits: number
  /** How often the database is asked for keys that another replica made, in milliseconds. */
  pollIntervalMs: number
}

/** The key that signs now. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
}

/** The JWKS document as it goes over the wire. */
export interface PublishedKeySet {
  readonly body: string
  readonly etag: string
}

/** The keys of this issuer, in memory: signing and publishing ask no database. */
export interface KeyRing {
  current(): SigningKey
  published(): PublishedKeySet
  /** The published keys, for the verification of this issuer's own tokens. */
  readonly verificationKeys: KeySource
  close(): Promise<void>
}

interface LoadedKey {
  readonly kid: string
  readonly publicJwk: JWK
  readonly privateKey: CryptoKey
}

/**
 * Opens the ring; on an empty database it makes the first key.
 * @throws {SealedKeyError} when the master keys given do not open the keys in the database
 */
export async function openKeyRing(deps: KeyRingDeps): Promise<KeyRing> {
  const { store, sealing, logger } = deps
  const loaded = new Map<string, LoadedKey>()
  await store.ensureFirst(() => generateSigningKey(sealing, deps.modulusBits))
  const verificationKeys = createLocalKeySet()
  let view = await load()
  let polling: Promise<void> | undefined
  const timer = setInterval(() => {
    polling ??= poll().finally(() => {
      polling = undefined
    })
  }, deps.pollIntervalMs)
  timer.unref()

  return {
    current: () => view.current,
    published: () => view.published,
    verificationKeys,
    async close() {
      clearInterval(timer)
      await polling
      await verificationKeys.close()
    }
  }

  async function load() {
    const stored = await store.listPublished()
    const keys = await Promise.all(stored.map(async (key) => loaded.get(key.kid) ?? (await open(key))))
    const signing = keys[stored.findIndex((key) => key.maySign)]
    if (!signing) throw new Error('No signing key is in force.')
    const document = { keys: keys.map((key) => key.publicJwk) }
    await verificationKeys.replace(document)
    return {
      current: { kid: signing.kid, privateKey: signing.privateKey },
      published: serialize(document)
    }
  }

  async function open(stored: StoredSigningKey): Promise<LoadedKey> {
    const privateJwk = await sealing.open(stored.kid, stored.sealedPrivateJwk)
    const publicJwk = publishedJwk(stored.kid, stored.publicJwk)
    const key: LoadedKey = {
      kid: stored.kid,
      publicJwk,
      privateKey: (await importJWK(privateJwk, signingAlgorithm)) as CryptoKey
    }
    loaded.set(key.kid, key)
    return key
  }

  async function poll(): Promise<void> {
    try {
      view = await load()
    } catch (error) {
      logger.warn({ cause: describeError(error) }, 'signing keys not re-read; the ones in memory go on')
    }
  }
}

function serialize(document: { keys: readonly JWK[] }): PublishedKeySet {
  const body = JSON.stringify(document)
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
}
