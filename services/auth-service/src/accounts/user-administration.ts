import type { Announced, Announcing } from '../revocation/announcing.ts'
import type { EndedFamilies } from '../sessions/refresh-token-families.ts'

/** A user as an admin sees it. */
export interface AdministeredUser {
  readonly id: string
  readonly username: string
  readonly displayName: string | null
  readonly email: string | null
  readonly roles: readonly string[]
  readonly createdAt: Date
  readonly disabledAt: Date | null
  /** When the user is deleted, who has asked for it. */
  readonly deletionAt: Date | null
}

export interface UserPage {
  readonly users: readonly AdministeredUser[]
  /** Where the next page begins; `undefined` on the last one. */
  readonly next: string | undefined
}

export interface UserChange {
  readonly isDisabled?: boolean | undefined
  readonly roles?: readonly string[] | undefined
  readonly displayName?: string | null | undefined
}

export type UserChangeOutcome =
  | ({ readonly outcome: 'changed'; readonly user: AdministeredUser } & EndedFamilies)
  | { readonly outcome: 'unknown' }
  /** The actor is no longer an admin, because another admin was faster. Nothing was changed. */
  | { readonly outcome: 'not_an_admin' }
  /** No admin would be left. Nothing was changed. */
  | { readonly outcome: 'last_admin' }

export type UserDeletionOutcome =
  | ({ readonly outcome: 'deleted' } & EndedFamilies)
  /** The user is disabled and is deleted as soon as all sessions have ended: housekeeping does it, unless this is called again before. */
  | ({ readonly outcome: 'leaving' } & EndedFamilies)
  /** Admins do not delete themselves here. Nothing was changed. */
  | { readonly outcome: 'own_account' }
  | Exclude<UserChangeOutcome, { outcome: 'changed' }>

/** What admins do with users. */
export interface UserAdministration {
  /** Users in the order of their usernames: all of them, or those that match every word of the search. */
  list(query: { words: readonly string[]; after: string | undefined; limit: number }): Promise<UserPage>
  find(id: string): Promise<AdministeredUser | undefined>
  /** How the user signs in, as far as it is more than a list. */
  waysIn(id: string): Promise<{ hasPassword: boolean; needsPasskey: boolean }>
  /**
   * Disables, enables, or gives roles or a display name, in one transaction. Disabling a user or removing a role ends all the user's sessions,
   * so no older token stays valid; an added role shows at the next refresh. Without an actor, the change is made by the
   * operator at the command line.
   */
  change(id: string, change: UserChange, actorId: string | undefined): Promise<UserChangeOutcome>
  /**
   * Deletes a user with all sessions, secrets and mails, in one transaction. Without an actor, the operator does it at the command line.
   */
  delete(id: string, actorId: string | undefined): Promise<UserDeletionOutcome>
  /** Ends all sessions of a user, for the operator at the command line. */
  endSessions(id: string): Promise<EndedFamilies>
}

/** Deletes a user; one with very many sessions once these have ended. What is left then is done by housekeeping. */
export async function deleteWithSessions(
  administration: Pick<Announcing<UserAdministration>, 'delete'>,
  id: string,
  actorId: string | undefined
): Promise<Announced<UserDeletionOutcome>> {
  const first = await administration.delete(id, actorId)
  if (first.outcome !== 'leaving' || !first.isComplete) return first
  const second = await administration.delete(id, actorId)
  // Housekeeping may have been faster.
  return second.outcome === 'deleted' ? { ...second, ended: first.ended + second.ended } : first
}
