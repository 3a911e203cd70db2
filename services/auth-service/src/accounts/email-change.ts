import type { ClientInfo } from '../client-info.ts'
import type { Bytes } from '../hashes.ts'
import type { Language } from '../mail/mail.ts'
import type { EndedFamilies } from '../sessions/refresh-token-families.ts'
import type { SecretProof } from './one-time-secrets.ts'

export interface EmailChangeRequest {
  readonly userId: string
  /** The session that asks: it has to live. */
  readonly sessionId: string
  /** An address that mail can be sent to. */
  readonly email: string
  readonly flowHash: Bytes
  readonly language: Language
}

export type UndoOutcome =
  | ({ readonly outcome: 'undone' } & EndedFamilies)
  | { readonly outcome: 'invalid' }
  /** Another user has verified the address since. Nothing was changed. */
  | { readonly outcome: 'taken' }

/** Users who get another e-mail address. */
export interface EmailChange {
  /** Mails a link and a code to the new address. A later request takes the place of this one. */
  request(request: EmailChangeRequest): Promise<'requested' | 'session_ended' | 'already_verified' | 'too_many'>
  /** Within a session of the user; no session ends. The previous verified address gets a mail with a link that undoes it. */
  confirm(confirmation: {
    userId: string
    sessionId: string
    proof: SecretProof
    language: Language
    origin: ClientInfo
  }): Promise<'changed' | 'invalid' | 'taken'>
  /** Restores the previous address, sets the password, and ends all sessions and all other secrets of the user, in one transaction. */
  undo(undo: {
    proof: SecretProof
    newPasswordHash: string
    language: Language
    origin: ClientInfo
  }): Promise<UndoOutcome>
}
