import type { OutboxEntry } from '../revocation/revocation-outbox.ts'
import { type KeySealing, SealedKeyError } from './key-sealing.ts'
import type {
  KeyChangeCause,
  NewSigningKey,
  SigningKeyStore,
  StoredKeys,
  StoredSigningKey
} from './signing-key-store.ts'

/** How keys follow each other. */
export interface KeyPolicy {
  /** How long a key signs before the next one does, in seconds. */
  readonly rotationSeconds: number
  /** How long a key is published before it may sign on schedule or by an admin, in seconds: until every cache knows it. */
  readonly leadSeconds: number
}

/** The keys, and what comes next. */
export interface KeyOverview extends StoredKeys {
  /** When the next key may sign; `null` while there is none. */
  readonly rotationPossibleAt: Date | null
  /** When it will, by the schedule. */
  readonly nextRotationAt: Date | null
}

export type RotationOutcome =
  | { readonly outcome: 'rotated'; readonly kid: string }
  /** The next key was published too short a while ago: some verifier might not know it yet. */
  | { readonly outcome: 'too_early'; readonly possibleAt: Date; readonly inSeconds: number }
  /** So many keys are published that another one would make the document too large for verifiers. */
  | { readonly outcome: 'too_many_keys' }
  /** No master key that is given here opens the next key: it would sign nowhere that has these. */
  | { readonly outcome: 'next_key_unusable' }
  | { readonly outcome: 'not_an_admin' }

export type KeyRevocationOutcome =
  | { readonly outcome: 'revoked'; readonly entries: readonly OutboxEntry[] }
  | { readonly outcome: 'already_revoked' | 'unknown' | 'not_an_admin' }

/** What the schedule did in one round. */
export interface KeyMaintenance {
  /** The keys afterwards. */
  readonly overview: KeyOverview
  readonly published: readonly string[]
  readonly rotatedTo: string | undefined
  /** Why a rotation that is due did not take place. */
  readonly blocked: 'too_many_keys' | 'next_key_unusable' | undefined
  readonly removed: readonly string[]
}

/** What is done with signing keys, by admins, by the command line, and by the schedule. */
export interface SigningKeyAdministration {
  overview(): Promise<KeyOverview>
  /** Lets the next key sign from now on, and publishes a new next key. The old key stays published. */
  rotate(cause: KeyChangeCause): Promise<RotationOutcome>
  /** Takes a key out at once, with every token it signed; if it signs, the next key signs in its place. */
  revoke(kid: string, cause: KeyChangeCause): Promise<KeyRevocationOutcome>
  /** Does what is due: a missing key is made, a rotation that is due takes place, dead keys are removed. */
  maintain(): Promise<KeyMaintenance>
  /**
   * Reseals, under the current master key, what older ones sealed.
   * @returns the kids
   * @throws {SealedKeyError} when one cannot be opened; all others are done
   */
  reencrypt(): Promise<string[]>
}

export interface SigningKeyAdministrationDeps {
  readonly store: SigningKeyStore
  readonly sealing: KeySealing
  readonly policy: KeyPolicy
  /** Makes a key pair whose private half is sealed. */
  generate(): Promise<NewSigningKey>
}

/** The most keys that are published at once: verifiers refuse documents beyond bounds of theirs. */
const maxPublishedKeys = 50

/** Two keys are missing at most, and other replicas may be faster; past this something is wrong with the table. */
const maxFillAttempts = 10

/** Makes what changes signing keys. Nothing of it is kept in memory, so that any number of replicas can do it. */
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
    // Another look: a faster replica has left a next key that is too young.
    if (outcome === 'overtaken') return rotate(cause)
    return outcome === 'rotated' ? { outcome, kid: nextKey.kid } : { outcome }
  }

  async function revoke(kid: string, cause: KeyChangeCause): Promise<KeyRevocationOutcome> {
    const { nextKey, signing } = find(await store.list())
    // In an emergency a next key that would sign nothing goes too; it has signed nothing yet.
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
        removed: [] // what died meanwhile is removed in the next round
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

  /** Makes the keys that are missing; gives the keys as they are then. */
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
