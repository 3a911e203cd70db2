import type { ClientInfo } from '../client-info.ts'
import type { Language } from '../mail/mail.ts'
import type { EndedFamilies } from '../sessions/refresh-token-families.ts'
import type { SecretProof } from './one-time-secrets.ts'
import type { RequestedMail } from './requested-mail.ts'

/** Passwords that were forgotten. */
export interface PasswordResets extends RequestedMail {
  /**
   * Consumes the proof, sets the password, ends all sessions and all other secrets of the user, and tells the user by mail, in one
   * transaction.
   * @returns `undefined` when the proof is not valid, or no longer
   */
  confirm(reset: {
    proof: SecretProof
    newPasswordHash: string
    language: Language
    origin: ClientInfo
  }): Promise<EndedFamilies | undefined>
}
