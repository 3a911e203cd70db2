import type { ClientInfo } from '../client-info.ts'
import type { Bytes } from '../hashes.ts'
import type { Language } from '../mail/mail.ts'
import type { EndedFamilies } from '../sessions/refresh-token-families.ts'

/** What a user has of second factors besides passkeys. */
export interface FactorOverview {
  readonly totp: { readonly createdAt: Date; readonly lastUsedAt: Date | null } | undefined
  readonly recoveryCodesLeft: number
}

/** A request of a session of the user. */
export interface FactorChange {
  readonly userId: string
  /** It has to live. */
  readonly sessionId: string
  /** Language of the mail about it, unless the user has one. */
  readonly language: Language
  readonly origin: ClientInfo
}

/** A code generator that was set up within a sign-in or a session, and whose first code was shown. */
export interface ConfirmedTotp {
  readonly sealedSeed: Bytes
  /** Time step of that code, which is used up with it. */
  readonly step: number
  readonly recoveryHashes: readonly Bytes[]
}

/**
 * The second factors in the database. Each use of one ends the flow that it is for, in one transaction, so of many that try at once one succeeds;
 * each change of one makes flows, mailed secrets and trusted devices void.
 */
export interface SecondFactors {
  has(userId: string): Promise<boolean>
  overview(userId: string): Promise<FactorOverview>
  sealedSeedOf(userId: string): Promise<Uint8Array | undefined>
  /** @returns whether the step was not used before, and the flow has not ended */
  useTotp(use: { userId: string; flowHash: Bytes; step: number }): Promise<boolean>
  /** @returns whether it is a code of the user that was not used before, and the flow has not ended */
  useRecoveryCode(use: {
    userId: string
    flowHash: Bytes
    codeHash: Bytes
    language: Language
    origin: ClientInfo
  }): Promise<boolean>
  recordFailure(userId: string, origin: ClientInfo): Promise<void>
  /** @returns the state of the credentials afterwards; `undefined` when the flow has ended */
  enrolInFlow(
    enrolment: ConfirmedTotp & { flowHash: Bytes; language: Language; origin: ClientInfo }
  ): Promise<string | undefined>
  /** Keeps the seed of a code generator that is being set up, in place of an older one. */
  beginTotp(enrolment: { userId: string; sessionId: string; sealedSeed: Bytes }): Promise<'begun' | 'exists'>
  pendingSeedOf(of: { userId: string; sessionId: string }): Promise<Uint8Array | undefined>
  confirmTotp(change: FactorChange & ConfirmedTotp): Promise<'added' | 'expired' | 'session_ended'>
  /** @param keepsOne whether the user has to keep a second factor */
  removeTotp(change: FactorChange & { keepsOne: boolean }): Promise<'removed' | 'none' | 'last' | 'session_ended'>
  /** In place of the older ones. */
  renewRecoveryCodes(change: FactorChange & { hashes: readonly Bytes[] }): Promise<'renewed' | 'none' | 'session_ended'>
  /** Removes all of a user's second factors, passkeys included, and ends all sessions. */
  reset(reset: {
    userId: string
    actorId: string | undefined
  }): Promise<
    { outcome: 'unknown' } | { outcome: 'not_an_admin' } | ({ outcome: 'reset'; removed: number } & EndedFamilies)
  >
}

/** The sealed seeds, for a change of the master key. */
export interface SealedSeeds {
  /** @returns the rows after that user, in the order of their ids */
  page(after: string | undefined, limit: number): Promise<readonly { userId: string; sealedSeed: Uint8Array }[]>
  /** Unless it has changed meanwhile. */
  replace(userId: string, former: Uint8Array, sealedSeed: Bytes): Promise<void>
}
