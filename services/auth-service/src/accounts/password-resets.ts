import type { ClientInfo } from '../client-info.ts'
import type { Bytes } from '../hashes.ts'
import type { Language } from '../mail/mail.ts'
import type { EndedFamilies } from '../sessions/refresh-token-families.ts'
import type { SecretProof } from './one-time-secrets.ts'
import type { SignInName } from './sign-in-name.ts'

/** Somebody asks for a new password. Of two users that fit, it is the one who has verified the address. */
export interface PasswordResetRequest extends SignInName {
  readonly flowHash: Bytes
  readonly language: Language
  readonly origin: ClientInfo
}

/** Passwords that were forgotten. */
export interface PasswordResets {
  /** Keeps the request, and looks at no user: it takes as long for an unknown name. */
  request(request: PasswordResetRequest): Promise<void>
  /**
   * Turns the oldest request into a mail, if its user has a verified address.
   * @returns whether there was a request
   */
  prepareMail(): Promise<boolean>
  /**
   * Consumes the proof, sets the password, ends all sessions and all other secrets of the user, and tells the user by mail, in one
   * transaction.
   * @returns `undefined` when the proof is not good, or no longer
   */
  confirm(reset: {
    proof: SecretProof
    newPasswordHash: string
    language: Language
    origin: ClientInfo
  }): Promise<EndedFamilies | undefined>
}
