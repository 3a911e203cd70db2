import type { ClientInfo } from '../client-info.ts'
import type { Bytes } from '../hashes.ts'
import type { Language } from '../mail/mail.ts'
import type { SignInName } from './sign-in-name.ts'

/** Somebody without a session asks for a mail. Of two users that fit, it is the one who has verified the address. */
export interface MailRequest extends SignInName {
  readonly flowHash: Bytes
  readonly language: Language
  readonly origin: ClientInfo
}

/** Mail to verified addresses that anybody may ask for. */
export interface RequestedMail {
  /** Stores the request without reading a user: an unknown name takes as long. */
  request(request: MailRequest): Promise<void>
  /**
   * Turns the oldest request into a mail, if its user has a verified address.
   * @returns whether there was a request
   */
  prepareMail(): Promise<boolean>
}
