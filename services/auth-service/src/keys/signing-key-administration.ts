import type { OutboxEntry } from '../revocation/revocation-outbox.ts'
import { type KeySealing, SealedKeyError } from './key-sealing.ts'
import type {
  KeyChangeCause,
  NewSigningKey,
  SigningKeyStore,
  StoredKeys,
  StoredSigningKey
} from './signing-key-store.ts'

/** How keys are rotated. */
export interface KeyPolicy {
  /** How long a key signs before the next key takes over, in seconds. */
  readonly rotationSeconds: number
  /** How long a key is published before a schedule or an admin may let it sign, in seconds: until every cache knows it. */
  readonly leadSeconds: number
}

/** The keys and the next rotation. */
export interface KeyOverview extends StoredKeys {
  /** When the next key may sign; `null` while there is none. */
  readonly rotationPossibleAt: Date | null
  /** When it will sign, by the schedule. */
  readonly nextRotationAt: Date | null
}

export type RotationOutcome =
  | { readonly outcome: 'rotated'; readonly kid: string }
  /** The next key was published too recently: some verifiers might not know it yet. */
  | { readonly outcome: 'too_early'; readonly possibleAt: Date; readonly inSeconds: number }
  /** So many keys are published that one more would make the document too large for verifiers. */
  | { readonly outcome: 'too_many_keys' }
  /** None of the master keys here opens the next key: it could not sign. */
  | { readonly outcome: 'next_key_unusable' }
  | { readonly outcome: 'not_an_admin' }

export type KeyRevocationOutcome =
  | { readonly outcome: 'revoked'; readonly entries: readonly OutboxEntry[] }
  | { readonly outcome: 'already_revoked' | 'unknown' | 'not_an_admin' }

/** The result of one round of the schedule. */
export interface KeyMaintenance {
  /** The keys afterwards. */
  readonly overview: KeyOverview
  readonly published: readonly string[]
  readonly rotatedTo: string | undefined
  /** Why a rotation that is due was not done. */
  readonly blocked: 'too_many_keys' | 'next_key_unusable' | undefined
  readonly removed: readonly string[]
}

/** Changes of signing keys, by admins, by the command line, and by the schedule. */
export interface SigningKeyAdministration {
  overview(): Promise<KeyOverview>
  /** Lets the next key sign from now on, and publishes a new next key. The old key stays published. */
  rotate(cause: KeyChangeCause): Promise<RotationOutcome>
  /** Revokes a key and every token it signed, at once; if it was the signing key, the next key signs in its place. */
  revoke(kid: string, cause: KeyChangeCause): Promise<KeyRevocationOutcome>
  /** Does what is due: makes missing keys, rotates, and removes keys whose tokens have expired. */
  maintain(): Promise<KeyMaintenance>
  /**
   * Reseals, under the current master key, the private keys that older ones sealed.
   * @returns the kids
   * @throws {SealedKeyError} when one cannot be opened; all others are done
   */
  reencrypt(): Promise<string[]>
}

export interface SigningKeyAdministrationDeps {
  readonly store: SigningKeyStore
  readonly sealing: KeySealing
  readonly policy: KeyPolicy
  /** Makes a key pair with a sealed private half. */
  generate(): Promise<NewSigningKey>
}

/** The most keys that are published at once: verifiers reject larger documents. */
const maxPublishedKeys = 50

/** At most two keys are missing, and other replicas may be faster; past this, something is wrong with the table. */
const maxFillAttempts = 10

/** Makes the administration of signing keys. It keeps no state in memory, so any number of replicas can use it. */
export function createSigningKeyAdministration({
  store,
  sealing,
  policy,
  generate
}: SigningKeyAdministrationDeps): SigningKeyAdministration {
  return {
    overview: async () => describe(await store.list()),
    rotate,
    revoke,
    maintain,
    reencrypt
  }

  function describe(stored: StoredKeys): KeyOverview {
    const { nextKey, signing } = find(stored)
    if (!nextKey) return { ...stored, rotationPossibleAt: null, nextRotationAt: null }
    const rotationPossibleAt = after(nextKey.createdAt, policy.leadSeconds)
    const isDueAt = after(signing?.signsFrom ?? stored.now, policy.rotationSeconds)
    return {
      ...stored,
      rotationPossibleAt,
      nextRotationAt: isDueAt > rotationPossibleAt ? isDueAt : rotationPossibleAt
    }
  }

  async function rotate(cause: KeyChangeCause): Promise<RotationOutcome> {
    const { stored, nextKey, signing } = await fillPlaces()
    const { rotationPossibleAt } = describe(stored)
    if (rotationPossibleAt !== null && rotationPossibleAt > stored.now) {
      const inSeconds = Math.ceil((rotationPossibleAt.getTime() - stored.now.getTime()) / 1000)
      return { outcome: 'too_early', possibleAt: rotationPossibleAt, inSeconds }
    }
    const blocked = await findObstacle(stored, nextKey)
    if (blocked) return { outcome: blocked }
    const { outcome } = await store.rotate({ from: signing.kid, to: nextKey.kid, next: await generate() }, cause)
    // Checked again: a faster replica may have left a next key that is too young.
    if (outcome === 'overtaken') return rotate(cause)
    return outcome === 'rotated' ? { outcome, kid: nextKey.kid } : { outcome }
  }

  async function revoke(kid: string, cause: KeyChangeCause): Promise<KeyRevocationOutcome> {
    const { nextKey, signing } = find(await store.list())
    // In an emergency, a next key that cannot sign is revoked, too; it has signed nothing yet.
    if (kid === signing?.kid && nextKey && !(await canOpen(nextKey))) {
      await store.revoke(nextKey.kid, { ...cause, reason: 'it cannot be opened' })
    }
    const result = await store.revoke(kid, cause)
    if (result.outcome !== 'no_successor') return result
    await fillPlaces()
    return revoke(kid, cause)
  }

  async function maintain(): Promise<KeyMaintenance> {
    const { made, stored, nextKey, signing } = await fillPlaces()
    const { nextRotationAt, now, keys } = describe(stored)
    const isDue = nextRotationAt !== null && nextRotationAt <= now
    const blocked = isDue ? await findObstacle(stored, nextKey) : undefined
    if (isDue && !blocked) {
      const next = await generate()
      const { outcome } = await store.rotate({ from: signing.kid, to: nextKey.kid, next }, { reason: 'schedule' })
      const isRotated = outcome === 'rotated'
      return {
        overview: describe(await store.list()),
        published: isRotated ? [...made, next.kid] : made,
        rotatedTo: isRotated ? nextKey.kid : undefined,
        blocked,
        removed: [] // keys that expired meanwhile are removed in the next round
      }
    }
    const hasOld = keys.some(({ state }) => state === 'retired' || state === 'revoked')
    const removed = hasOld ? await store.removeDead() : []
    const overview = describe(removed.length > 0 ? await store.list() : stored)
    return { overview, published: made, rotatedTo: undefined, blocked, removed }
  }

  async function findObstacle(stored: StoredKeys, nextKey: StoredSigningKey) {
    if (countPublished(stored) >= maxPublishedKeys) return 'too_many_keys'
    return (await canOpen(nextKey)) ? undefined : 'next_key_unusable'
  }

  async function canOpen({ kid, sealedPrivateJwk }: StoredSigningKey): Promise<boolean> {
    try {
      await sealing.open(kid, sealedPrivateJwk ?? '')
      return true
    } catch (error) {
      if (error instanceof SealedKeyError) return false
      throw error
    }
  }

  /** Makes the missing keys; returns the keys as they are then. */
  async function fillPlaces() {
    const made: string[] = []
    for (let attempt = 0; attempt < maxFillAttempts; attempt++) {
      const stored = await store.list()
      const { nextKey, signing } = find(stored)
      if (nextKey && signing) return { made, stored, nextKey, signing }
      const key = await generate()
      if (await store.fill(key)) made.push(key.kid)
    }
    throw new Error('A signing key is missing, and those that were made do not take its place.')
  }

  async function reencrypt(): Promise<string[]> {
    const kids: string[] = []
    let failure: SealedKeyError | undefined
    for (const { kid, sealedPrivateJwk } of (await store.list()).keys) {
      if (sealedPrivateJwk === null || sealing.isCurrent(sealedPrivateJwk)) continue
      try {
        const sealed = await sealing.seal(kid, await sealing.open(kid, sealedPrivateJwk))
        if (await store.reseal(kid, { from: sealedPrivateJwk, to: sealed })) kids.push(kid)
      } catch (error) {
        if (!(error instanceof SealedKeyError)) throw error
        failure ??= error
      }
    }
    if (failure) throw failure
    return kids
  }
}

function find({ keys }: Pick<StoredKeys, 'keys'>) {
  return {
    nextKey: keys.find(({ state }) => state === 'next'),
    signing: keys.find(({ state }) => state === 'signing')
  }
}

function countPublished({ keys }: Pick<StoredKeys, 'keys'>): number {
  return keys.filter(({ state }) => state !== 'revoked').length
}

function after(moment: Date, seconds: number): Date {
  return new Date(moment.getTime() + seconds * 1000)
}
