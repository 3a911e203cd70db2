import { domainToASCII } from 'node:url'
import type { Secret } from '@countersign/service-kit'
import type { MailSettings } from './mail.ts'
import { DeliveryError, type MailTransport } from './mail-transport.ts'
import { parseSmtpUrl, type SmtpServer } from './smtp-url.ts'

/** Mails that are sent at once. */
export const smtpConnections = 5
const connectTimeoutMs = 10_000
/** Servers that look into a mail before they accept it need some time. */
const silenceTimeoutMs = 30_000

export interface SmtpOptions extends Pick<MailSettings, 'from' | 'productName'> {
  readonly server: SmtpServer
  /** Default 30,000. */
  readonly silenceTimeoutMs?: number
}

/** @returns `undefined` where no mail server is configured */
export function smtpOptionsOf(config: {
  smtpUrl: Secret | undefined
  mailFrom: string | undefined
  productName: string
}): SmtpOptions | undefined {
  const { smtpUrl, mailFrom, productName } = config
  const server = smtpUrl && parseSmtpUrl(smtpUrl.reveal())
  return server && mailFrom !== undefined ? { server, from: mailFrom, productName } : undefined
}

/** The mail server. Its certificate is verified (`NODE_EXTRA_CA_CERTS` adds an authority), and each wait is bounded. */
export function createSmtpTransport(options: SmtpOptions): MailTransport {
  const { from, productName } = options
  let opening: ReturnType<typeof open> | undefined
  async function open() {
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({ ...connectionOptions(options), pool: true, maxConnections: smtpConnections })
    // A pooled connection that breaks while nothing is sent is opened again.
    transport.on('error', () => {})
    return transport
  }
  return {
    async send({ messageId, recipient, subject, text, html }) {
      opening ??= open()
      const transport = await opening
      try {
        await transport.sendMail({
          // As objects, and the envelope follows from them: in a text, a comma would add a recipient.
          from: { name: productName, address: from },
          to: { name: '', address: recipient },
          messageId,
          subject,
          text,
          html,
          // Asks programs not to send automatic replies.
          headers: { 'Auto-Submitted': 'auto-generated' },
          disableFileAccess: true,
          disableUrlAccess: true
        })
      } catch (error) {
        throw toDeliveryError(error)
      }
    },
    close() {
      opening?.then(
        (transport) => transport.close(),
        () => {}
      )
    }
  }
}

/**
 * Connects, negotiates TLS, signs in and names the sender (MAIL FROM, then RSET); sends nothing.
 * @throws {DeliveryError} with the reason `ESENDER` and the status when the sender is refused
 */
export async function verifySmtp(options: SmtpOptions): Promise<void> {
  const { default: SMTPConnection } = await import('nodemailer/lib/smtp-connection')
  const { auth, ...server } = connectionOptions(options)
  let senderStatus = 0
  const connection = new SMTPConnection({
    ...server,
    // nodemailer has no other public way to a command of one's own.
    customAuth: {
      [nameSender]: async ({ sendCommand }) => {
        senderStatus = (await sendCommand(`MAIL FROM:<${senderOf(options)}>`)).status ?? 0
        await sendCommand('RSET')
      }
    }
  })
  try {
    await new Promise<void>((resolve, reject) => {
      const next = (step: () => void) => (error?: Error | null) => (error ? reject(error) : step())
      const name = () => connection.login({ method: nameSender }, next(resolve))
      connection.once('error', reject).once('end', () => reject(new Error('the connection was closed')))
      connection.connect(next(() => (auth ? connection.login(auth, next(name)) : name())))
    })
  } catch (error) {
    throw toDeliveryError(error)
  } finally {
    connection.close()
  }
  if (senderStatus >= 400) throw new DeliveryError(`ESENDER ${senderStatus}`)
}

const nameSender = 'NAME-SENDER'

/** A domain in letters of any script is written in ASCII. */
function senderOf({ from }: SmtpOptions): string {
  const at = from.lastIndexOf('@') + 1
  return from.slice(0, at) + domainToASCII(from.slice(at))
}

function connectionOptions({ server, silenceTimeoutMs: socketTimeout = silenceTimeoutMs }: SmtpOptions) {
  const { host, port, credentials, tls } = server
  return {
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(credentials && { auth: credentials }),
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    dnsTimeout: connectTimeoutMs,
    socketTimeout
  }
}

/**
 * Only a refusal of this recipient or this mail is final. A server that refuses the connection, the password or the sender refuses
 * every mail, until somebody mends that.
 */
function toDeliveryError(error: unknown): DeliveryError {
  const { code, originalCode, command, responseCode, syscall, timeoutType } = error as Record<string, unknown>
  const reason = `${typeof code === 'string' ? code : 'unknown'}${typeof responseCode === 'number' ? ` ${responseCode}` : ''}`
  if (typeof responseCode === 'number') {
    const isOfMail = command === 'RCPT TO' || command === 'DATA'
    return new DeliveryError(reason, { isPermanent: isOfMail && responseCode >= 500, cause: error })
  }
  // The envelope or the mail itself was refused here, before anything was sent.
  if (code === 'EENVELOPE' || code === 'EMESSAGE') return new DeliveryError(reason, { isPermanent: true, cause: error })
  const isBroken = ['ECONNECTION', 'ETIMEDOUT', 'ESOCKET'].includes(String(code))
  // The others are those of a connection that never came about, such as a certificate that is not trusted.
  const wasOpen =
    syscall !== 'connect' &&
    [undefined, 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(originalCode as string | undefined) &&
    [undefined, 'SOCKET_TIMEOUT'].includes(timeoutType as string | undefined)
  return new DeliveryError(reason, { isOutcomeUnknown: isBroken && wasOpen, cause: error })
}
