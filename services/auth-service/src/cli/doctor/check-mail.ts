/** The mail server: its address, its certificate, its password, and whether it accepts the sender. No mail is sent. */
import type { DeliveryError } from '../../mail/mail-transport.ts'
import { type SmtpOptions, verifySmtp } from '../../mail/smtp-transport.ts'
import { type Finding, findingsOf } from './finding.ts'

const mail = findingsOf('mail')

export async function checkMail(options: SmtpOptions): Promise<Finding> {
  const { tls, credentials } = options.server
  try {
    await verifySmtp(options)
    const password = credentials ? 'accepts the password' : 'asks for no password'
    const encryption = tls === 'none' ? 'without TLS' : 'over TLS'
    return mail.ok(`The mail server responds, ${encryption}, ${password}, and accepts the sender in MAIL_FROM.`)
  } catch (error) {
    return mail.failed(describe((error as DeliveryError).reason))
  }
}

function describe(reason: string): string {
  if (reason.startsWith('EAUTH')) return `The mail server refuses the user or the password in SMTP_URL (${reason}).`
  if (reason.startsWith('ESENDER')) {
    const status = reason.replace('ESENDER ', '')
    return `The mail server refuses the sender in MAIL_FROM (${status}). Does it ask for a user and a password, or for another address?`
  }
  if (reason.startsWith('ETLS'))
    return `There is no trusted TLS with the mail server (${reason}). Does it offer STARTTLS, and is its certificate for this name?`
  return `The mail server cannot be reached at the host and port in SMTP_URL, or its certificate is not trusted (${reason}).`
}
