import { createHash, createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { TemporarilyUnavailableError } from '@countersign/oauth'
import { describeError, type Logger } from '@countersign/service-kit'
import { createLocalKeySet, type KeySource, KeysUnavailableError } from '@countersign/verifier'
import type { JWK } from 'jose'
import { publishedJwk } from './generate-signing-key.ts'
import { type KeySealing, SealedKeyError } from './key-sealing.ts'
import type { SigningKeyStore, StoredSigningKey } from './signing-key-store.ts'

export interface SigningKeysDeps {
  store: Pick<SigningKeyStore, 'list'>
  sealing: KeySealing
  logger: Logger
  /** Older keys are read again before they are published, in milliseconds. */
  maxAgeMs: number
}

/** A key that may sign. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
}

/** The JWKS document as it is sent. */
export interface PublishedKeySet {
  readonly body: string
  readonly etag: string
  /** False while the database is unavailable and other replicas may know newer keys. */
  readonly isFresh: boolean
}

/** The keys of this issuer, in memory: signing and publishing need no query, unless this replica's keys are stale. */
export interface SigningKeys {
  /**
   * The key that the database named in the statement that allowed the token. If it has been revoked since, the current signing
   * key.
   * @throws {TemporarilyUnavailableError} when it is not known here and the database is unavailable
   */
  signingKey(kid: string): Promise<SigningKey>
  published(): Promise<PublishedKeySet>
  /** Whether the key was read, in whatever state. */
  knows(kid: string): boolean
  /** Whether the denylist names the key, whatever the database says. */
  isDenied(kid: string): boolean
  /** Why some keys of the database are neither used nor published here, one error for each. */
  unopened(): readonly SealedKeyError[]
  /** The published keys, to verify this issuer's own tokens. A removed key is no longer published. */
  readonly verificationKeys: KeySource
  /** Reads the keys again: the result is newer than the call. */
  reload(): Promise<void>
  close(): Promise<void>
}

interface OpenedKey extends SigningKey {
  readonly publicJwk: JWK
}

/** Replaced as a whole, at once. */
interface View {
  readonly keys: ReadonlyMap<string, OpenedKey>
  readonly signing: OpenedKey | undefined
  readonly nextKey: OpenedKey | undefined
  readonly published: Omit<PublishedKeySet, 'isFresh'>
}

/** How often an unknown kid may cause the keys to be read. */
const unknownKidIntervalMs = 1000
/** While the database is unavailable: how long a request waits for fresh keys, and how often reading is tried. */
const maxWaitMs = 1000
const retryIntervalMs = 1000

/**
 * Opens the signing keys.
 * @throws {SealedKeyError} when the master keys given do not open the keys in the database
 */
export async function openSigningKeys({ store, sealing, logger, maxAgeMs }: SigningKeysDeps): Promise<SigningKeys> {
  const opened = new Map<string, OpenedKey>()
  const unopened = new Map<string, SealedKeyError>()
  const revoked = new Set<string>()
  const closing = new AbortController()
  const localKeys = createLocalKeySet()
  let attemptedAt = now()
  let loadedAt = attemptedAt
  let loading: Promise<void> | undefined
  let queued: Promise<void> | undefined
  let asked: Promise<void> | undefined
  let view = viewOf([], undefined, undefined)
  await load(true)

  return {
    async signingKey(kid) {
      const known = view.keys.get(kid)
      if (known) return known
      await reload()
      // The next key replaces a key that the denylist names while the database still says that it signs.
      const key = view.keys.get(kid) ?? view.signing ?? view.nextKey
      if (!key) throw new TemporarilyUnavailableError({ detail: 'no signing key can be opened' })
      return key
    },
    async published() {
      // A replica that was paused must not serve the keys of that time. While the database is unavailable, nobody waits long.
      if (ageOf(loadedAt) > maxAgeMs) await Promise.race([freshen(), delay(maxWaitMs, undefined, { ref: false })])
      return { ...view.published, isFresh: ageOf(loadedAt) <= maxAgeMs }
    },
    knows: (kid) => view.keys.has(kid) || unopened.has(kid) || revoked.has(kid),
    isDenied: (kid) => revoked.has(kid),
    unopened: () => [...unopened.values()],
    verificationKeys: { ...localKeys, find, remove },
    reload,
    async close() {
      closing.abort()
      await Promise.allSettled([loading, queued, asked])
      await localKeys.close()
    }
  }

  function reload(): Promise<void> {
    // The read under way may have started before the change that the caller knows of.
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

  /** A read under way is good enough, since it ends after this call; and one that just failed is not repeated at once. */
  async function freshen(): Promise<void> {
    if (!loading && ageOf(attemptedAt) < retryIntervalMs) return
    await (loading ?? reload()).catch(() => {})
  }

  async function load(isStart: boolean): Promise<void> {
    const beginAt = now()
    attemptedAt = beginAt
    const stored = (await store.list()).keys.filter(({ state, kid }) => state !== 'revoked' && !revoked.has(kid))
    const keys: OpenedKey[] = []
    let signing: OpenedKey | undefined
    let nextKey: OpenedKey | undefined
    for (const one of stored) {
      const key = opened.get(one.kid) ?? (await open(one, isStart))
      if (!key) continue
      keys.push(key)
      if (one.state === 'signing') signing = key
      if (one.state === 'next') nextKey = key
    }
    if (keys.length > 0) await localKeys.replace(documentOf(keys))
    // Without the keys that were revoked meanwhile.
    const left = keys.filter(({ kid }) => !revoked.has(kid))
    const ifLeft = (key: OpenedKey | undefined) => (key && left.includes(key) ? key : undefined)
    view = viewOf(left, ifLeft(signing), ifLeft(nextKey))
    for (const kid of opened.keys()) if (!view.keys.has(kid)) opened.delete(kid)
    for (const kid of unopened.keys()) if (!stored.some((one) => one.kid === kid)) unopened.delete(kid)
    loadedAt = beginAt
  }

  /** A key that cannot be opened is not published either: an attacker with write access to the database could have added it. */
  async function open(stored: StoredSigningKey, isStart: boolean): Promise<OpenedKey | undefined> {
    const { kid, sealedPrivateJwk } = stored
    try {
      const privateJwk = await sealing.open(kid, sealedPrivateJwk ?? '')
      const privateKey = createPrivateKey({ key: privateJwk as JsonWebKey, format: 'jwk' })
      const key = { kid, privateKey, publicJwk: publishedJwk(kid, privateJwk) }
      opened.set(kid, key)
      return key
    } catch (error) {
      if (isStart || !(error instanceof SealedKeyError)) throw error
      if (!unopened.has(kid)) logger.error({ kid, cause: describeError(error) }, 'signing key cannot be opened')
      unopened.set(kid, error)
      return undefined
    }
  }

  async function find(kid: string) {
    const known = localKeys.get(kid)
    if (known || revoked.has(kid)) return known
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

  /** The denylist names the key: it is no longer published from now on, and the database says which key replaces it. */
  function remove(kid: string): void {
    revoked.add(kid)
    localKeys.remove(kid)
    if (!view.keys.has(kid)) return
    const left = [...view.keys.values()].filter((key) => key.kid !== kid)
    const unlessIt = (key: OpenedKey | undefined) => (key?.kid === kid ? undefined : key)
    view = viewOf(left, unlessIt(view.signing), unlessIt(view.nextKey))
    logger.info({ kid }, 'signing key was revoked')
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

/** Compares both clocks: the monotonic one may have stopped while the machine slept. */
function ageOf(moment: Moment): number {
  return Math.max(performance.now() - moment.monotonic, Date.now() - moment.wall)
}

function documentOf(keys: readonly OpenedKey[]): { keys: JWK[] } {
  return { keys: keys.map(({ publicJwk }) => publicJwk) }
}

function viewOf(keys: readonly OpenedKey[], signing: OpenedKey | undefined, nextKey: OpenedKey | undefined): View {
  const body = JSON.stringify(documentOf(keys))
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { keys: new Map(keys.map((key) => [key.kid, key])), signing, nextKey, published: { body, etag } }
}
