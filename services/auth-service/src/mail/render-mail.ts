import { createInstance } from 'i18next'
import { html } from '../html.ts'
import type { Language, MailSecret, MailSettings, MailTemplate, RenderedMail } from './mail.ts'
import { de } from './texts/de.ts'
import { en } from './texts/en.ts'

/** What a mail says. */
export interface MailContent {
  readonly messageId: string
  readonly recipient: string
  readonly template: MailTemplate
  readonly language: Language
  readonly username: string
  readonly until?: Date | undefined
  readonly secret: MailSecret | undefined
}

/** Renders mails, as text and as HTML. */
export type RenderMail = (content: MailContent) => RenderedMail

/** The page that a link of each template opens; others have no link. Its secret is in the fragment, which no server and no log sees. */
const pages: Partial<Record<MailTemplate, string>> = {
  account_kept: '/forgot-password',
  deletion_requested: '/sign-in',
  email_change: '/change-email',
  email_changed: '/undo-email',
  email_verification: '/verify-email',
  identity_linked: '/forgot-password',
  identity_unlinked: '/forgot-password',
  invitation: '/accept-invitation',
  mail_sign_in: '/sign-in/mail',
  passkey_added: '/account',
  passkey_removed: '/account',
  password_reset: '/reset-password',
  password_changed: '/forgot-password',
  recovery_code_used: '/forgot-password',
  recovery_codes_renewed: '/forgot-password',
  second_factor_added: '/forgot-password',
  second_factor_removed: '/forgot-password',
  username_changed: '/forgot-password'
}

export function createMailRenderer({ productName, pagesUrl }: MailSettings): RenderMail {
  const texts = createInstance({
    lng: 'en',
    fallbackLng: 'en',
    initAsync: false,
    resources: { en: { translation: en }, de: { translation: de } },
    // All of it is escaped below, where it becomes HTML.
    interpolation: { escapeValue: false, skipOnVariables: true }
  })
  texts.init()
  return ({ messageId, recipient, template, language, username, until, secret }) => {
    const say = texts.getFixedT(language)
    const values = { username, product: productName, until: until && momentOf(until, language) }
    const page = pages[template]
    const parts: Parts = {
      greeting: say(username ? 'greeting' : 'greetingWithoutName', values),
      intro: say(`${template}.intro`, values),
      ...(page && {
        action: say(`${template}.action`, values),
        link: `${pagesUrl}${page}${secret ? `#${secret.link}` : ''}`
      }),
      ...(secret?.code !== undefined && { codeIntro: say('code', values), code: secret.code }),
      outro: say(`${template}.outro`, values),
      product: productName
    }
    const subject = `${productName}: ${say(`${template}.subject`, values)}`
    return { messageId, recipient, subject, text: textOf(parts), html: htmlOf(parts, language) }
  }
}

/** Where dates are written as the mails in each language have them. */
const regions: Record<Language, string> = { en: 'en-GB', de: 'de-DE' }

function momentOf(moment: Date, language: Language): string {
  return new Intl.DateTimeFormat(regions[language], {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'UTC'
  }).format(moment)
}

interface Parts {
  readonly greeting: string
  readonly intro: string
  readonly action?: string
  readonly link?: string
  readonly codeIntro?: string
  readonly code?: string
  readonly outro: string
  readonly product: string
}

function textOf({ greeting, intro, action, link, codeIntro, code, outro, product }: Parts): string {
  const linkLines = link === undefined ? [] : [`${action}:\n${link}`]
  const codeLines = code === undefined ? [] : [`${codeIntro}\n\n${code}`]
  return `${[greeting, intro, ...linkLines, ...codeLines, outro, product].join('\n\n')}\n`
}

function htmlOf({ greeting, intro, action, link, codeIntro, code, outro, product }: Parts, language: Language): string {
  const linkLines = link && html`<p><a href="${link}">${action}</a></p>`
  const codeLines = code && html`<p>${codeIntro}</p><p style="font-size:1.5em"><strong>${code}</strong></p>`
  return html`<!doctype html><html lang="${language}"><head><meta charset="utf-8"></head><body style="font-family:sans-serif">
<p>${greeting}</p><p>${intro}</p>${linkLines}${codeLines}<p>${outro}</p><p>${product}</p>
</body></html>
`.text
}
