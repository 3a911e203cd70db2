import type { ClientInfo } from '../client-info.ts'
import type { Username } from './usernames.ts'

/** A user of another system. */
export interface ImportedUser {
  /** The line of the file. */
  readonly line: number
  /** A second import finds the user by it. */
  readonly externalId: string
  readonly username: Username
  readonly displayName: string | undefined
  readonly email: string | undefined
  /** Whether the other system has verified the address. */
  readonly isEmailVerified: boolean
  /** A PHC string that `readImportedHash` supports; `undefined` for a user who cannot sign in before a password is set. */
  readonly passwordHash: string | undefined
  readonly roles: readonly string[]
  readonly createdAt: Date | undefined
  readonly isDisabled: boolean
}

/**
 * What became of a user: made; already there with this external id, and left as it is; or left out, since another user has the
 * username or has verified the address, or an earlier line or an import at the same time has the username, the external id or the verified
 * address.
 */
export type ImportOutcome = 'created' | 'unchanged' | 'username_taken' | 'address_taken' | 'duplicate'

export interface ImportResult {
  readonly line: number
  readonly outcome: ImportOutcome
}

/** Users from elsewhere. */
export interface UserImport {
  /**
   * Makes users, in one transaction.
   * @returns `not_an_admin` when the actor is no longer one, because another admin was faster; nothing was made then
   */
  importBatch(users: readonly ImportedUser[], options: ImportOptions): Promise<ImportResult[] | 'not_an_admin'>
}

export interface ImportOptions {
  /** A hash that no password matches. */
  readonly unusableHash: string
  /** Whether all of it is undone again. */
  readonly isDryRun: boolean
  readonly author: ImportAuthor
}

/** Who imports; without an actor it is the operator at the command line. */
export interface ImportAuthor {
  readonly actorId: string | undefined
  readonly origin: ClientInfo
}
