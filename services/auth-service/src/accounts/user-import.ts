import type { Username } from './usernames.ts'

/** A user of another system. */
export interface ImportedUser {
  /** The line of the file. */
  readonly line: number
  /** By which a second import finds the user. */
  readonly externalId: string
  readonly username: Username
  readonly email: string | undefined
  /** A PHC string that `readImportedHash` takes; `undefined` for a user who cannot sign in before a password is set. */
  readonly passwordHash: string | undefined
  readonly roles: readonly string[]
  readonly createdAt: Date | undefined
  readonly isDisabled: boolean
}

/**
 * What became of a user: made; already there with this external id, and left as it is; or left out, since another user has the
 * username, or another line of the file the external id.
 */
export type ImportOutcome = 'created' | 'unchanged' | 'username_taken' | 'duplicate'

export interface ImportResult {
  readonly line: number
  readonly outcome: ImportOutcome
}

/** Users from elsewhere. */
export interface UserImport {
  /**
   * Makes users, in one transaction.
   * @param options.unusableHash a hash that no password matches
   * @param options.isDryRun whether all of it is undone again
   */
  importBatch(
    users: readonly ImportedUser[],
    options: { readonly unusableHash: string; readonly isDryRun: boolean }
  ): Promise<ImportResult[]>
}
