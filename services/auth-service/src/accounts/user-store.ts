import type { ClientInfo } from '../client-info.ts'
import type { Language } from '../mail/mail.ts'
import type { EndedFamilies } from '../sessions/refresh-token-families.ts'
import type { SignInName } from './sign-in-name.ts'
import type { Username } from './usernames.ts'

/** What a user can have besides the first way to sign in. */
export type SecondFactor = 'totp' | 'passkey'

/** A user as sign-in needs it. */
export interface UserCredentials {
  readonly id: string
  readonly username: string
  readonly passwordHash: string
  /** Another one after each change of a credential. */
  readonly credentialsState: string
  readonly isDisabled: boolean
  readonly secondFactors: readonly SecondFactor[]
  readonly isAdmin: boolean
}

export interface UserProfile {
  readonly id: string
  readonly username: string
  /** What people call the user; `null` means the username. */
  readonly displayName: string | null
  readonly email: string | null
  readonly emailVerifiedAt: Date | null
  /** Language of mail and pages; `null` means that of each request. */
  readonly language: string | null
  readonly roles: readonly string[]
  readonly createdAt: Date
}

export interface NewUser {
  readonly username: Username
  readonly displayName?: string | undefined
  readonly email: string | undefined
  /** Whether a mail to the address was read. */
  readonly isEmailVerified?: boolean
  readonly passwordHash: string
  readonly language?: Language | undefined
  readonly roles: readonly string[]
  readonly origin: ClientInfo
}

/** What changes of a profile; what is left out stays. */
export interface ProfileChange {
  readonly userId: string
  readonly sessionId: string
  readonly origin: ClientInfo
  readonly language?: Language | null | undefined
  readonly displayName?: string | null | undefined
}

export interface PasswordChange {
  readonly userId: string
  /** The hash that the current password was verified against. */
  readonly verifiedPasswordHash: string
  readonly newPasswordHash: string
  /** The session that makes the request; all others of the user end. */
  readonly sessionId: string | undefined
  /** Language of the mail about it, unless the user has one. */
  readonly language: Language
  readonly origin: ClientInfo
}

export interface UsernameChange {
  readonly userId: string
  /** The session that asks: it has to live. */
  readonly sessionId: string
  readonly username: Username
  /** Language of the mail about it, unless the user has one. */
  readonly language: Language
  readonly origin: ClientInfo
}

/** The current password was to be given, and was wrong. */
export type FailedProof = Pick<PasswordChange, 'userId' | 'sessionId' | 'origin'>

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
  /** @returns `undefined` when there is no such user, or the user is disabled */
  changeProfile(change: ProfileChange): Promise<UserProfile | undefined>
  /** Replaces a hash with one that uses today's parameters, if the hash is still the same. */
  rehash(userId: string, verifiedPasswordHash: string, newPasswordHash: string): Promise<void>
  /**
   * Sets a new password, ends all other sessions, and tells the user by mail, in one transaction.
   * @returns `undefined` when the user is disabled or the password is no longer the one that was verified
   */
  changePassword(change: PasswordChange): Promise<EndedFamilies | undefined>
  /**
   * Sets a new password for an operator, who does not need the current one, and ends all sessions of the user, in one
   * transaction. A disabled user stays disabled.
   * @returns `undefined` when there is no such user
   */
  setPassword(userId: string, newPasswordHash: string): Promise<EndedFamilies | undefined>
  /** Tells the user by mail, in the same transaction. */
  changeUsername(change: UsernameChange): Promise<'changed' | 'taken' | 'session_ended'>
  recordFailedSignIn(userId: string | undefined, origin: ClientInfo): Promise<void>
  recordFailedPasswordChange(proof: FailedProof): Promise<void>
  /** For a re-authentication. */
  recordFailedReauthentication(proof: FailedProof): Promise<void>
}
