import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createSmtpTransport, type SmtpOptions } from '../../services/auth-service/src/mail/smtp-transport.ts'
import { parseSmtpUrl, type SmtpServer } from '../../services/auth-service/src/mail/smtp-url.ts'
import { type MailServer, mailPassword, mailUser, refusal, startMailServer } from './fixtures/mail-server.ts'

const mail = {
  messageId: '<one@example.com>',
  recipient: 'alice@example.com',
  subject: 'Grüße',
  text: 'Hello\n',
  html: '<p>Hello</p>'
}

describe('the mail server', () => {
  let server: MailServer
  beforeEach(async () => {
    server = await startMailServer()
  })
  afterEach(() => server.stop())

  const urlOf = ({ password = mailPassword, tls = 'never' }) =>
    `smtp://${mailUser}:${encodeURIComponent(password)}@localhost:${server.port}?tls=${tls}`

  /** Sends one mail. @returns how it went wrong */
  async function faultOf(url: string, options: Partial<SmtpOptions> & { recipient?: string } = {}): Promise<unknown> {
    const smtp = { server: parseSmtpUrl(url) as SmtpServer, from: 'no-reply@example.com', productName: 'Example' }
    const transport = createSmtpTransport({ ...smtp, ...options })
    try {
      return await transport.send({ ...mail, recipient: options.recipient ?? mail.recipient }).then(
        () => undefined,
        ({ reason, isPermanent, isOutcomeUnknown }) => ({ reason, isPermanent, isOutcomeUnknown })
      )
    } finally {
      transport.close()
    }
  }

  test('takes a mail with its Message-ID, subject and both forms', async () => {
    expect(await faultOf(urlOf({}))).toBeUndefined()
    const { messageId, subject, text, html } = server.received[0]?.content ?? {}
    expect({ messageId, subject, text, html }).toEqual({
      messageId: mail.messageId,
      subject: mail.subject,
      text: mail.text,
      html: mail.html
    })
  })

  test.each([
    [421, false],
    [451, false],
    [550, true],
    [554, true]
  ])('that responds to a mail with %i refuses it for good: %s', async (status, isPermanent) => {
    server.onMail(() => {
      throw refusal(status)
    })
    expect(await faultOf(urlOf({}))).toEqual({ reason: `EMESSAGE ${status}`, isPermanent, isOutcomeUnknown: false })
  })

  test.each([
    [450, false],
    [550, true]
  ])('that responds to a recipient with %i refuses it for good: %s', async (status, isPermanent) => {
    server.onRecipient(() => {
      throw refusal(status)
    })
    expect(await faultOf(urlOf({}))).toEqual({ reason: `EENVELOPE ${status}`, isPermanent, isOutcomeUnknown: false })
  })

  test('that refuses the password refuses no mail for good', async () => {
    const fault = await faultOf(urlOf({ password: 'wrong' }))
    expect(fault).toEqual({ reason: 'EAUTH 535', isPermanent: false, isOutcomeUnknown: false })
  })

  test('that does not respond may have taken the mail', async () => {
    server.onMail(() => delay(4000))
    const fault = await faultOf(urlOf({}), { silenceTimeoutMs: 1500 })
    expect(fault).toEqual({ reason: 'ETIMEDOUT', isPermanent: false, isOutcomeUnknown: true })
  })

  test('that is unavailable has taken nothing', async () => {
    await server.goDown()
    expect(await faultOf(urlOf({}))).toMatchObject({ isPermanent: false, isOutcomeUnknown: false })
    await server.comeBack()
  })

  test('gets no mail and no password while its certificate is not trusted', async () => {
    expect(await faultOf(urlOf({ tls: 'required' }))).toMatchObject({ isPermanent: false, isOutcomeUnknown: false })
    const implicit = await startMailServer({ isImplicit: true })
    try {
      const fault = await faultOf(`smtps://${mailUser}:x@localhost:${implicit.port}`)
      expect(fault).toMatchObject({ isPermanent: false })
    } finally {
      await implicit.stop()
    }
    expect(server.received).toEqual([])
  })

  test.each([
    'a@example.com\r\nRCPT TO:<b@example.com>',
    'a@example.com>\r\n',
    'a@example.com, b@example.com',
    'no address'
  ])('is asked for one recipient, or for none: %j', async (recipient) => {
    await faultOf(urlOf({}), { recipient })
    expect(server.received.filter(({ to, content }) => to.length !== 1 || content.bcc !== undefined)).toEqual([])
    expect(server.received.flatMap(({ to }) => to)).not.toContain('b@example.com')
  })
})
