import type { SecretProof } from '../accounts/one-time-secrets.ts'
import type { Bytes } from '../hashes.ts'
import type { Language } from '../mail/mail.ts'

/** Shows, before a first second factor is set up within a sign-in, that the user reads the mail of the verified address. */
export interface EnrolmentMail {
  request(request: {
    userId: string
    flowHash: Bytes
    language: Language
  }): Promise<'requested' | 'no_address' | 'too_many'>
  /** @returns whether the proof was valid, and the flow is open */
  confirm(confirmation: { flowHash: Bytes; proof: SecretProof }): Promise<boolean>
}
