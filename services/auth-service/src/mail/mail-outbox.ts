import type { Language, MailTemplate } from './mail.ts'

/** A mail that waits to be sent, claimed by this replica. */
export interface ClaimedMail {
  readonly id: string
  readonly recipient: string
  readonly template: MailTemplate
  readonly language: Language
  readonly username: string
  /** Until when something can be undone. */
  readonly until?: Date | undefined
  readonly messageId: string
  /** Number of this attempt; the first is 1. */
  readonly attempt: number
  readonly sealedSecret: Uint8Array | null
  /** Whether it waited longer than it may, or the secret in it is no longer valid. */
  readonly isExpired: boolean
  /** Whether the mail server may have taken it in an earlier attempt. */
  readonly mayBeDuplicate: boolean
}

/** What became of an attempt. */
export type AttemptResult =
  | { readonly outcome: 'delivered' }
  | { readonly outcome: 'dead'; readonly reason: string }
  | {
      readonly outcome: 'deferred'
      readonly reason: string
      readonly retryInSeconds: number
      readonly isOutcomeUnknown: boolean
    }

/** The mails in the database that wait. */
export interface MailOutbox {
  /** Claims mails that are due, for a while: no other replica sends them meanwhile. */
  claim(limit: number): Promise<readonly ClaimedMail[]>
  /** Claims for as long again what this replica still sends. */
  extendClaims(ids: readonly string[]): Promise<void>
  /** Ends an attempt. A mail that is delivered or dead loses its secret. */
  settle(mail: Pick<ClaimedMail, 'id' | 'attempt'>, result: AttemptResult): Promise<void>
  /** How many wait, and since when the oldest does. */
  countWaiting(): Promise<{ readonly waiting: number; readonly oldestSeconds: number }>
}

/** A mail that was given up. */
export interface DeadMail {
  readonly id: string
  readonly recipient: string
  readonly template: MailTemplate
  readonly createdAt: Date
  readonly deadAt: Date
  readonly attempts: number
  readonly reason: string
  /** Not when it had a secret: that was erased. */
  readonly canBeRetried: boolean
}

export interface DeadMailPlace {
  readonly at: Date
  readonly id: string
}

/** For admins and operators. No secret comes out of it. */
export interface MailAdministration {
  /** The latest first. */
  listDead(page: {
    after: DeadMailPlace | undefined
    limit: number
  }): Promise<{ readonly mails: readonly DeadMail[]; readonly next: DeadMailPlace | undefined }>
  /** Sends a dead mail again, with the same Message-ID. */
  retry(id: string, actorId: string | undefined): Promise<'retried' | 'unknown' | 'secret_erased' | 'not_an_admin'>
}
