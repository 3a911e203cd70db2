import type { JWK } from 'jose'
import type { OutboxEntry } from '../revocation/revocation-outbox.ts'

/**
 * Where a key stands in its life:
 * - `next`: published ahead, so that every verifier knows it before it signs;
 * - `signing`: signs;
 * - `retired`: published until the last token it signed is dead;
 * - `revoked`: taken out in an emergency, with every token it signed.
 */
export const keyStates = ['next', 'signing', 'retired', 'revoked'] as const
export type KeyState = (typeof keyStates)[number]

/** A signing key as the database holds it. All its moments are the database's. */
export interface StoredSigningKey {
  readonly kid: string
  readonly state: KeyState
  readonly publicJwk: JWK
  /** A JWE; `null` once the key was revoked. */
  readonly sealedPrivateJwk: string | null
  /** Since then it is published. */
  readonly createdAt: Date
  readonly signsFrom: Date | null
  readonly retiredAt: Date | null
  readonly revokedAt: Date | null
}

export interface NewSigningKey {
  readonly kid: string
  readonly publicJwk: JWK
  readonly sealedPrivateJwk: string
}

export interface StoredKeys {
  /** The next key, the signing key, then the others, the youngest first. */
  readonly keys: readonly StoredSigningKey[]
  /** The database's clock. */
  readonly now: Date
}

/** Who asks for a change: an admin, or nobody but the operator or the schedule. */
export interface KeyChangeCause {
  readonly actorId?: string | undefined
  /** For the audit event, such as `schedule`, or what the admin wrote. */
  readonly reason: string
}

export type RotateOutcome =
  | { readonly outcome: 'rotated' }
  /** Somebody else was faster: the keys are no longer what they were. Nothing was changed. */
  | { readonly outcome: 'overtaken' }
  | { readonly outcome: 'not_an_admin' }

export type RevokeOutcome =
  /** With the committed denylist entry. */
  | { readonly outcome: 'revoked'; readonly entries: readonly OutboxEntry[] }
  /** It was revoked before. */
  | { readonly outcome: 'already_revoked' }
  | { readonly outcome: 'unknown' }
  /** It signs, and there is no other key that could. Nothing was changed. */
  | { readonly outcome: 'no_successor' }
  | { readonly outcome: 'not_an_admin' }

/** Where signing keys last. Several replicas share it: each change is one transaction, and they take turns. */
export interface SigningKeyStore {
  list(): Promise<StoredKeys>
  /**
   * Adds a key where one is missing: the signing key if none signs (then the next key, if there is one, signs instead), else
   * the next key. Of several replicas that find one missing at the same moment, one fills the place.
   * @returns whether the key was taken
   */
  fill(key: NewSigningKey): Promise<boolean>
  /** Lets `to` sign in place of `from`, if they are still the signing key and the next key, and `next` be the next key. */
  rotate(keys: { from: string; to: string; next: NewSigningKey }, cause: KeyChangeCause): Promise<RotateOutcome>
  /** Takes a key out: its private half is destroyed, its denylist entry written, and the next key signs if it did. */
  revoke(kid: string, cause: KeyChangeCause): Promise<RevokeOutcome>
  /** Removes keys that are of no use to anyone any more. @returns their kids */
  removeDead(): Promise<string[]>
  /** Replaces what an older master key sealed. @returns false when it is no longer what it was */
  reseal(kid: string, sealed: { from: string; to: string }): Promise<boolean>
}
