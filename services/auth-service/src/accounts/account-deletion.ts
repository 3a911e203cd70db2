import type { ClientInfo } from '../client-info.ts'
import type { Language } from '../mail/mail.ts'
import type { Announcing } from '../revocation/announcing.ts'
import type { EndedFamilies } from '../sessions/refresh-token-families.ts'

export interface DeletionRequest {
  readonly userId: string
  /** The session that asks: it has to live. */
  readonly sessionId: string
  /** Language of the mails about it, unless the user has one. */
  readonly language: Language
  readonly origin: ClientInfo
}

export type DeletionOutcome =
  | ({ readonly outcome: 'requested'; readonly deletionAt: Date } & EndedFamilies)
  /** Nothing was changed. */
  | { readonly outcome: 'session_ended' }
  | { readonly outcome: 'last_admin' }

/** Users who delete themselves. */
export interface AccountDeletion {
  /**
   * Ends all sessions of the user, voids all links and codes, and tells the user by mail until when a sign-in keeps the account, in one
   * transaction. Without a period of grace, it deletes the user.
   */
  request(request: DeletionRequest): Promise<DeletionOutcome>
}

/** What housekeeping does about the deletions that are pending. */
export interface PendingDeletions {
  /**
   * Gives up the deletions of users who have signed in since, at a replica of a version that did not know of them.
   * @returns how many there were
   */
  keepReturned(limit: number): Promise<number>
  /**
   * Takes the next user whose moment has come, and deletes them, unless they have signed in since. One with very many sessions is deleted
   * once these have ended.
   * @returns whether there was one
   */
  settleDue(): Promise<{ readonly isFound: boolean } & EndedFamilies>
}

const batchSize = 100

/** Does all of it, each user in a transaction. */
export async function settleDeletions(pending: Announcing<PendingDeletions>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await pending.keepReturned(batchSize)) === batchSize);
  while (!signal.aborted && (await pending.settleDue()).isFound);
}
