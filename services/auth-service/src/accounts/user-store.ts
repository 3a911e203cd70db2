import type { ClientInfo } from '../client-info.ts'
import type { Language } from '../mail/mail.ts'
import type { OutboxEntry } from '../revocation/revocation-outbox.ts'
import type { EndedFamilies } from '../sessions/refresh-token-families.ts'
import type { SignInName } from './sign-in-name.ts'
import type { Username } from './usernames.ts'

/** A user as sign-in needs it. */
export interface UserCredentials {
  readonly id: string
  readonly username: string
  readonly passwordHash: string
  readonly isDisabled: boolean
}

export interface UserProfile {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly emailVerifiedAt: Date | null
  /** Of mail and pages; `null` means that of each request. */
  readonly language: string | null
  readonly roles: readonly string[]
  readonly createdAt: Date
}

export interface NewUser {
  readonly username: Username
  readonly email: string | undefined
  /** Whether a mail to the address was read. */
  readonly isEmailVerified?: boolean
  readonly passwordHash: string
  readonly language?: Language | undefined
  readonly roles: readonly string[]
  readonly origin: ClientInfo
}

export interface PasswordChange {
  readonly userId: string
  /** The hash that the current password was verified against. */
  readonly verifiedPasswordHash: string
  readonly newPasswordHash: string
  /** The session that makes the request; all others of the user end. */
  readonly sessionId: string | undefined
  readonly origin: ClientInfo
}

/** The users. */
export interface UserStore {
  /** @returns `undefined` when the username is taken */
  create(user: NewUser): Promise<UserProfile | undefined>
  /** Creates the user unless another user has the role. When several replicas try at once, one succeeds. */
  createFirstWithRole(role: string, user: NewUser): Promise<UserProfile | undefined>
  hasUserWithRole(role: string): Promise<boolean>
  findCredentials(name: SignInName): Promise<UserCredentials | undefined>
  findCredentialsById(id: string): Promise<UserCredentials | undefined>
  findProfile(id: string): Promise<UserProfile | undefined>
  /**
   * Sets the language of the user's mail and pages.
   * @returns `undefined` when there is no such user, or the user is disabled
   */
  setLanguage(userId: string, language: Language | null): Promise<UserProfile | undefined>
  /** Replaces a hash with one that uses today's parameters, if the hash is still the same. */
  rehash(userId: string, verifiedPasswordHash: string, newPasswordHash: string): Promise<boolean>
  /**
   * Sets a new password and ends all other sessions, in one transaction.
   * @returns `undefined` when the user is disabled or the password is no longer the one that was verified
   */
  changePassword(change: PasswordChange): Promise<{ entries: readonly OutboxEntry[] } | undefined>
  /**
   * Sets a new password for an operator, who does not need the current one, and ends all sessions of the user, in one
   * transaction. A disabled user stays disabled.
   * @returns `undefined` when there is no such user
   */
  setPassword(userId: string, newPasswordHash: string): Promise<EndedFamilies | undefined>
  recordFailedSignIn(userId: string | undefined, origin: ClientInfo): Promise<void>
  recordFailedPasswordChange(change: Pick<PasswordChange, 'userId' | 'sessionId' | 'origin'>): Promise<void>
}
