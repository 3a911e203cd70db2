import type { RenderedMail } from './mail.ts'
import type { MailTransport } from './mail-transport.ts'

const kept = 100

/** A mail that was not sent, and can be read here. */
export interface CapturedMail extends RenderedMail {
  readonly at: Date
}

/** Keeps mails in memory instead of sending them, for `npm start`. */
export interface MailCapture extends MailTransport {
  /** The newest first. */
  list(): readonly CapturedMail[]
}

/** @param onMail is called with each mail */
export function createMailCapture(onMail: (mail: RenderedMail) => void): MailCapture {
  const mails: CapturedMail[] = []
  return {
    async send(mail) {
      mails.unshift({ ...mail, at: new Date() })
      mails.splice(kept)
      onMail(mail)
    },
    list: () => mails,
    close: () => {}
  }
}
