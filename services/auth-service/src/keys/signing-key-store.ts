import type { JWK } from 'jose'
import type { OutboxEntry } from '../revocation/revocation-outbox.ts'

/**
 * The states of a key:
 * - `next`: published, so that every verifier knows it before it signs;
 * - `signing`: signs;
 * - `retired`: published until the last token that it signed has expired;
 * - `revoked`: revoked in an emergency, with every token that it signed.
 */
export const keyStates = ['next', 'signing', 'retired', 'revoked'] as const
export type KeyState = (typeof keyStates)[number]

/** A signing key as the database has it. All its moments are by the database's clock. */
export interface StoredSigningKey {
  readonly kid: string
  readonly state: KeyState
  readonly publicJwk: JWK
  /** A JWE; `null` once the key was revoked. */
  readonly sealedPrivateJwk: string | null
  /** When it was published first. */
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
  /** The next key, the signing key, then the others, youngest first. */
  readonly keys: readonly StoredSigningKey[]
  /** The database's clock. */
  readonly now: Date
}

/** Who requests a change: an admin; otherwise the operator or the schedule. */
export interface KeyChangeCause {
  readonly actorId?: string | undefined
  /** For the audit event: `schedule`, or the admin's words. */
  readonly reason: string
}

export type RotateOutcome =
  | { readonly outcome: 'rotated' }
  /** Another replica was faster: the keys have changed. Nothing was changed by this call. */
  | { readonly outcome: 'overtaken' }
  | { readonly outcome: 'not_an_admin' }

export type RevokeOutcome =
  /** Comes with the committed denylist entry. */
  | { readonly outcome: 'revoked'; readonly entries: readonly OutboxEntry[] }
  /** It was already revoked. */
  | { readonly outcome: 'already_revoked' }
  | { readonly outcome: 'unknown' }
  /** It signs, and no other key could. Nothing was changed. */
  | { readonly outcome: 'no_successor' }
  | { readonly outcome: 'not_an_admin' }

/** Where signing keys are stored. Replicas share it: each change is one transaction, and they take turns. */
export interface SigningKeyStore {
  list(): Promise<StoredKeys>
  /**
   * Adds a missing key: the signing key if none signs (the next key, if there is one, signs instead), otherwise the next key.
   * If several replicas add one at the same moment, one succeeds.
   * @returns whether the key was added
   */
  fill(key: NewSigningKey): Promise<boolean>
  /** Lets `to` sign in place of `from`, if they are still the next key and the signing key, and makes `next` the next key. */
  rotate(keys: { from: string; to: string; next: NewSigningKey }, cause: KeyChangeCause): Promise<RotateOutcome>
  /** Revokes a key: destroys its private half, writes its denylist entry, and lets the next key sign if the key signed. */
  revoke(kid: string, cause: KeyChangeCause): Promise<RevokeOutcome>
  /** Removes keys that nobody needs any more. @returns their kids */
  removeDead(): Promise<string[]>
  /** Replaces a private half that an older master key sealed. @returns false when it has changed */
  reseal(kid: string, sealed: { from: string; to: string }): Promise<boolean>
}
