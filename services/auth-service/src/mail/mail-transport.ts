import type { RenderedMail } from './mail.ts'

/** Hands mails to whatever delivers them. */
export interface MailTransport {
  /** @throws {DeliveryError} */
  send(mail: RenderedMail): Promise<void>
  close(): void
}

/** Thrown when a mail was not taken, or perhaps not. */
export class DeliveryError extends Error {
  /** What went wrong in a word or two, without anything that the other side wrote. */
  readonly reason: string
  /** Whether another attempt makes no sense. */
  readonly isPermanent: boolean
  /** Whether the server may have taken the mail all the same: the connection was lost before its response came. */
  readonly isOutcomeUnknown: boolean

  constructor(
    reason: string,
    {
      isPermanent = false,
      isOutcomeUnknown = false,
      cause
    }: { isPermanent?: boolean; isOutcomeUnknown?: boolean; cause?: unknown } = {}
  ) {
    super(`the mail was not delivered: ${reason}`, { cause })
    this.name = 'DeliveryError'
    this.reason = reason
    this.isPermanent = isPermanent
    this.isOutcomeUnknown = isOutcomeUnknown
  }
}
