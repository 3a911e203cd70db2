import { oneOf, productName, secretText, serviceUrl } from '@countersign/service-kit'
import { z } from 'zod'
import { isMailable, mailableRule } from '../accounts/email-addresses.ts'
import { parseSmtpUrl, smtpUrlRule } from '../mail/smtp-url.ts'

const senderRule = `an address like no-reply@example.com: ${mailableRule}`

/** Mail. Without `SMTP_URL` none is sent, and what needs it is off. */
export const mailVariables = {
  smtpUrl: {
    name: 'SMTP_URL',
    schema: secretText(
      z.string(smtpUrlRule).refine((text) => parseSmtpUrl(text) !== undefined, smtpUrlRule)
    ).optional(),
    isSecret: true,
    description:
      'the mail server: `smtps://user:password@host` or `smtp://user:password@host:587`, which requires STARTTLS except on loopback; `?tls=never` sends in the clear, `?tls=required` requires it on loopback, too. Without it no mail is sent, and password reset and e-mail verification are off'
  },
  mailFrom: {
    name: 'MAIL_FROM',
    schema: z.string(senderRule).refine(isMailable, senderRule).optional(),
    defaultText: 'required with `SMTP_URL`',
    description: 'the address that mail comes from'
  },
  pagesUrl: {
    name: 'PAGES_URL',
    schema: serviceUrl().optional(),
    defaultText: 'required with `SMTP_URL`',
    description:
      "the URL of the pages, which is the bff-service's `PUBLIC_URL`: links in mail start with it, and apps redirect users there to sign in. Without it apps cannot sign users in"
  },
  mailSignIn: {
    name: 'MAIL_SIGN_IN',
    schema: oneOf(['on', 'off']).default('off'),
    description:
      '`on` lets users sign in with a link or a code that is mailed to their verified address, where mail is sent'
  },
  productName: {
    name: 'PRODUCT_NAME',
    schema: productName(),
    description: 'the name of this installation in mail'
  }
}
