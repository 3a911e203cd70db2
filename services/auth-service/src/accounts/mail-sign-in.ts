import type { SecretProof } from './one-time-secrets.ts'
import type { RequestedMail } from './requested-mail.ts'

/** Sign-in with what a mail has brought. */
export interface MailSignIn extends RequestedMail {
  /** Consumes the proof. @returns `false` when it is not valid, or no longer */
  consume(proof: SecretProof): Promise<boolean>
}
