import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { signingAlgorithm, TemporarilyUnavailableError } from '@countersign/oauth'
import { describeError, type Logger } from '@countersign/service-kit'
import { createLocalKeySet, type KeySource, KeysUnavailableError } from '@countersign/verifier'
import { type CryptoKey, importJWK, type JWK } from 'jose'
import { type KeySealing, SealedKeyError } from './key-sealing.ts'
import type { SigningKeyStore, StoredSigningKey } from './signing-key-store.ts'
import { publishedJwk } from './signing-keys.ts'

export interface KeyRingDeps {
  store: Pick<SigningKeyStore, 'list'>
  sealing: KeySealing
  logger: Logger
  /** Keys that were read longer ago are read anew before they are published, in milliseconds. */
  maxAgeMs: number
}

/** A key that may sign. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: CryptoKey
}

/** The JWKS document as it goes over the wire. */
export interface PublishedKeySet {
  readonly body: string
  readonly etag: string
}

/** The keys of this issuer, in memory: signing and publishing ask no database, unless this replica has slept through a change. */
export interface KeyRing {
  /**
   * The key that the database named in the statement that allowed the token. If it was pulled since, the one that signs now.
   * @throws {TemporarilyUnavailableError} when it is not known here and the database does not answer
   */
  signingKey(kid: string): Promise<SigningKey>
  published(): Promise<PublishedKeySet>
  /** The published keys, for the verification of this issuer's own tokens. A key that is removed is published no more. */
  readonly verificationKeys: KeySource
  /** Reads the keys anew: the answer is younger than the call. */
  reload(): Promise<void>
  close(): Promise<void>
}

interface OpenedKey extends SigningKey {
  readonly publicJwk: JWK
}

/** Replaced as a whole, and at once. */
interface View {
  readonly keys: ReadonlyMap<string, OpenedKey>
  readonly signing: OpenedKey | undefined
  readonly published: PublishedKeySet
}

/** A kid that is not known makes the keys be read at most this often. */
const unknownKidIntervalMs = 1000

/**
 * Opens the ring.
 * @throws {SealedKeyError} when the master keys given do not open the keys in the database
 */
export async function openKeyRing({ store, sealing, logger, maxAgeMs }: KeyRingDeps): Promise<KeyRing> {
  const opened = new Map<string, OpenedKey>()
  const unopened = new Set<string>()
  const pulled = new Set<string>()
  const closing = new AbortController()
  const localKeys = createLocalKeySet()
  let attemptedAt = now()
  let loading: Promise<void> | undefined
  let queued: Promise<void> | undefined
  let asked: Promise<void> | undefined
  let view = viewOf([], undefined)
  await load(true)

  return {
    async signingKey(kid) {
      const known = view.keys.get(kid)
      if (known) return known
      await reload()
      const key = view.keys.get(kid) ?? view.signing
      if (!key) throw new TemporarilyUnavailableError({ detail: 'no signing key can be opened' })
      return key
    },
    async published() {
      // A replica that was paused must not hand out the keys of that time.
      if (ageOf(attemptedAt) > maxAgeMs) await reload().catch(() => {})
      return view.published
    },
    verificationKeys: { ...localKeys, find, remove },
    reload,
    async close() {
      closing.abort()
      await Promise.allSettled([loading, queued, asked])
      await localKeys.close()
    }
  }

  function reload(): Promise<void> {
    // The one that is under way may have read before whatever the caller knows of.
    queued ??= (async () => {
      await loading?.catch(() => {})
      queued = undefined
      loading = load(false).finally(() => {
        loading = undefined
      })
      await loading
    })()
    return queued
  }

  async function load(isStart: boolean): Promise<void> {
    attemptedAt = now()
    const stored = (await store.list()).keys.filter(({ state, kid }) => state !== 'pulled' && !pulled.has(kid))
    const keys: OpenedKey[] = []
    let signing: OpenedKey | undefined
    for (const one of stored) {
      const key = opened.get(one.kid) ?? (await open(one, isStart))
      if (!key) continue
      keys.push(key)
      if (one.state === 'signing') signing = key
    }
    if (keys.length > 0) await localKeys.replace(documentOf(keys))
    // Without those that were pulled in the meantime.
    const left = keys.filter(({ kid }) => !pulled.has(kid))
    view = viewOf(left, signing && left.includes(signing) ? signing : undefined)
    for (const kid of opened.keys()) if (!view.keys.has(kid)) opened.delete(kid)
  }

  /** A key that cannot be opened is not published either: whoever can write to the database could have put it there. */
  async function open(stored: StoredSigningKey, isStart: boolean): Promise<OpenedKey | undefined> {
    const { kid, sealedPrivateJwk } = stored
    try {
      const privateJwk = await sealing.open(kid, sealedPrivateJwk ?? '')
      const privateKey = (await importJWK(privateJwk, signingAlgorithm)) as CryptoKey
      const key = { kid, privateKey, publicJwk: publishedJwk(kid, privateJwk) }
      opened.set(kid, key)
      return key
    } catch (error) {
      if (isStart || !(error instanceof SealedKeyError)) throw error
      if (!unopened.has(kid)) logger.error({ kid, cause: describeError(error) }, 'signing key cannot be opened')
      unopened.add(kid)
      return undefined
    }
  }

  async function find(kid: string) {
    const known = localKeys.get(kid)
    if (known || pulled.has(kid)) return known
    asked ??= (async () => {
      await delay(Math.max(0, unknownKidIntervalMs - ageOf(attemptedAt)), undefined, {
        signal: closing.signal,
        ref: false
      })
      await reload()
    })().finally(() => {
      asked = undefined
    })
    await asked.catch((cause: unknown) => {
      throw new KeysUnavailableError({ detail: 'the keys could not be read', cause })
    })
    return localKeys.get(kid)
  }

  /** The denylist names the key: it is published no more from now on, and the database tells what comes in its place. */
  function remove(kid: string): void {
    pulled.add(kid)
    localKeys.remove(kid)
    if (!view.keys.has(kid)) return
    const left = [...view.keys.values()].filter((key) => key.kid !== kid)
    view = viewOf(left, view.signing?.kid === kid ? undefined : view.signing)
    logger.info({ kid }, 'signing key was pulled')
    reload().catch((error: unknown) => logger.warn({ cause: describeError(error) }, 'signing keys not read'))
  }
}

interface Moment {
  readonly monotonic: number
  readonly wall: number
}

function now(): Moment {
  return { monotonic: performance.now(), wall: Date.now() }
}

/** By both clocks: on a machine that slept the monotonic one may have stood still. */
function ageOf(moment: Moment): number {
  return Math.max(performance.now() - moment.monotonic, Date.now() - moment.wall)
}

function documentOf(keys: readonly OpenedKey[]): { keys: JWK[] } {
  return { keys: keys.map(({ publicJwk }) => publicJwk) }
}

function viewOf(keys: readonly OpenedKey[], signing: OpenedKey | undefined): View {
  const body = JSON.stringify(documentOf(keys))
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { keys: new Map(keys.map((key) => [key.kid, key])), signing, published: { body, etag } }
}
