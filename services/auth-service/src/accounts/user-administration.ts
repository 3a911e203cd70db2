import type { OutboxEntry } from '../revocation/revocation-outbox.ts'
import type { EndedFamilies } from '../sessions/refresh-token-families.ts'

/** A user as an admin sees it. */
export interface AdministeredUser {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly roles: readonly string[]
  readonly createdAt: Date
  readonly disabledAt: Date | null
}

export interface UserPage {
  readonly users: readonly AdministeredUser[]
  /** Where the next page begins; `undefined` on the last one. */
  readonly next: string | undefined
}

export interface UserChange {
  readonly isDisabled?: boolean | undefined
  readonly roles?: readonly string[] | undefined
}

export type UserChangeOutcome =
  | {
      readonly outcome: 'changed'
      readonly user: AdministeredUser
      /** How many sessions it ended. */
      readonly ended: number
      /** The committed denylist entries. */
      readonly entries: readonly OutboxEntry[]
    }
  | { readonly outcome: 'unknown' }
  /** The actor is no longer an admin: another one was faster. Nothing was changed. */
  | { readonly outcome: 'not_an_admin' }
  /** It would leave nobody who can administer. Nothing was changed. */
  | { readonly outcome: 'last_admin' }

/** What admins do with users. */
export interface UserAdministration {
  /** Users in the order of their usernames: all of them, or those that every word of the search fits. */
  list(query: { words: readonly string[]; after: string | undefined; limit: number }): Promise<UserPage>
  find(id: string): Promise<AdministeredUser | undefined>
  /**
   * Disables, enables, or gives roles, in one transaction. Disabling and taking a role away end every session of the user,
   * so that no token issued before it is of use; a role that is added shows at the next refresh. Without an actor it is
   * the operator at the command line.
   */
  change(id: string, change: UserChange, actorId: string | undefined): Promise<UserChangeOutcome>
  /** Ends all sessions of a user for the operator at the command line. */
  endSessions(id: string): Promise<EndedFamilies>
}
