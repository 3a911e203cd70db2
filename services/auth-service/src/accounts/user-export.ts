import type { ImportAuthor } from './user-import.ts'

/** A user for another system. */
export interface ExportedUser {
  readonly id: string
  /** The id at the import; `null` for a user who was created here. */
  readonly externalId: string | null
  readonly username: string
  readonly displayName: string | null
  readonly email: string | null
  readonly isEmailVerified: boolean
  /** A PHC string; `null` without hashes, and for a user who cannot sign in before a password is set. */
  readonly passwordHash: string | null
  readonly roles: readonly string[]
  readonly createdAt: Date
  readonly isDisabled: boolean
}

export interface ExportOptions {
  readonly withHashes: boolean
  readonly author: ImportAuthor
}

/** All users, for a file. */
export interface UserExport {
  /** Records that an export begins. */
  recordExport(options: ExportOptions): Promise<void>
  /** The users with the next higher ids; the first ones without `after`. Each page is a statement of its own. */
  readPage(place: { readonly after: string | undefined; readonly withHashes: boolean }): Promise<ExportedUser[]>
}
