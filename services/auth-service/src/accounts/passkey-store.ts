import type { ClientInfo } from '../client-info.ts'
import type { Bytes } from '../hashes.ts'
import type { Language } from '../mail/mail.ts'

/** How many passkeys a user may have. */
export const maxPasskeys = 20

/** How long a challenge is valid, in seconds. */
export const challengeSeconds = 600

/** A passkey, as its user sees it. */
export interface Passkey {
  readonly id: string
  readonly name: string
  readonly credentialId: Uint8Array
  /** How a browser reaches the authenticator (WebAuthn §5.8.4). */
  readonly transports: readonly string[]
  /** Whether it is synced to other devices. */
  readonly isBackedUp: boolean
  readonly createdAt: Date
  readonly lastUsedAt: Date | null
}

/** What an authenticator has made. */
export interface NewPasskey {
  readonly credentialId: Bytes
  /** COSE_Key (RFC 9052 §7). */
  readonly publicKey: Bytes
  readonly signCount: number
  readonly transports: readonly string[]
  readonly isBackupEligible: boolean
  readonly isBackedUp: boolean
}

/** A passkey, as a signature is verified with it. */
export interface PasskeyKey {
  readonly id: string
  readonly userId: string
  readonly publicKey: Bytes
}

/** What a challenge may be used for, and for nothing else. */
export type ChallengePurpose =
  /** Sign-in by a user who is not known yet. */
  | { readonly kind: 'sign_in' }
  /** The second factor of a sign-in. */
  | { readonly kind: 'second_factor'; readonly userId: string; readonly flowHash: Bytes }
  /** The user is signed in. */
  | { readonly kind: 'registration' | 'step_up'; readonly userId: string; readonly sessionId: string }

/** A change that a user makes within a session. */
export interface PasskeyChange {
  readonly userId: string
  /** It has to live. */
  readonly sessionId: string
  /** Language of the mail about it, unless the user has one. */
  readonly language: Language
  readonly origin: ClientInfo
}

/** How an authenticator was used. */
export interface PasskeyUse extends Pick<NewPasskey, 'signCount' | 'isBackupEligible' | 'isBackedUp'> {
  readonly id: string
  readonly userId: string
  /** The sign-in that it completes, which ends. */
  readonly flowHash?: Bytes | undefined
  readonly origin: ClientInfo
}

/** The passkeys, and the challenges that wait for them. */
export interface PasskeyStore {
  keepChallenge(challengeHash: Bytes, purpose: ChallengePurpose): Promise<void>
  /** Uses a challenge up, whether it was for this purpose or not. @returns whether it was */
  takeChallenge(challengeHash: Bytes, purpose: ChallengePurpose): Promise<boolean>
  /** All of them: there are at most {@link maxPasskeys}. */
  list(userId: string): Promise<readonly Passkey[]>
  find(credentialId: Bytes): Promise<PasskeyKey | undefined>
  /** Voids links, codes and flows of before, and tells the user by mail, in the same transaction. */
  add(
    passkey: NewPasskey & { readonly name: string },
    change: PasskeyChange
  ): Promise<{ outcome: 'added'; passkey: Passkey } | { outcome: 'session_ended' | 'too_many' | 'known' }>
  /** @returns `undefined` when the user has no such passkey */
  rename(userId: string, id: string, name: string): Promise<Passkey | undefined>
  /**
   * Does the same, unless the user could not sign in any more.
   * @param change.keepsOne whether the user has to keep a second factor
   */
  remove(
    id: string,
    change: PasskeyChange & { readonly keepsOne: boolean }
  ): Promise<'removed' | 'session_ended' | 'unknown' | 'last_way_in' | 'last_factor'>
  /**
   * Keeps what the authenticator said of itself. A counter that decreased is audited, and locks nobody out.
   * @returns whether the passkey is still there, and the flow still open
   */
  recordUse(use: PasskeyUse): Promise<boolean>
}
