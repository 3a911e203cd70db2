import type { ClientInfo } from '../client-info.ts'
import type { Bytes } from '../hashes.ts'
import type { Language } from '../mail/mail.ts'
import type { SecretProof } from './one-time-secrets.ts'

/** Shows that a user reads the mail of the address that they gave. */
export interface EmailVerification {
  request(request: {
    userId: string
    flowHash: Bytes
    language: Language
  }): Promise<'requested' | 'no_address' | 'not_mailable' | 'already_verified' | 'too_many'>
  /** Within a session of the user; no session ends. A verified address belongs to one user. */
  confirm(confirmation: {
    userId: string
    sessionId: string
    proof: SecretProof
    origin: ClientInfo
  }): Promise<'verified' | 'invalid' | 'taken'>
}
