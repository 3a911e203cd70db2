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
  readonly secret: MailSecret | undefined
}

/** Renders mails, as text and as HTML. */
export type RenderMail = (content: MailContent) => RenderedMail

/** The page that a link of each template opens. Its secret is in the fragment, which no server and no log sees. */
const pages: Record<MailTemplate, string> = {
  email_verification: '/verify-email',
  invitation: '/accept-invitation',
  password_reset: '/reset-password',
  password_changed: '/forgot-password'
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
  return ({ messageId, recipient, template, language, username, secret }) => {
    const say = texts.getFixedT(language)
    const values = { username, product: productName }
    const link = `${pagesUrl}${pages[template]}${secret ? `#${secret.link}` : ''}`
    const parts: Parts = {
      greeting: say(username ? 'greeting' : 'greetingWithoutName', values),
      intro: say(`${template}.intro`, values),
      action: say(`${template}.action`, values),
      link,
      ...(secret?.code && { codeIntro: say('code', values), code: secret.code }),
      outro: say(`${template}.outro`, values),
      product: productName
    }
    const subject = `${productName}: ${say(`${template}.subject`, values)}`
    return { messageId, recipient, subject, text: textOf(parts), html: htmlOf(parts, language) }
  }
}

interface Parts {
  readonly greeting: string
  readonly intro: string
  readonly action: string
  readonly link: string
  readonly codeIntro?: string
  readonly code?: string
  readonly outro: string
  readonly product: string
}

function textOf({ greeting, intro, action, link, codeIntro, code, outro, product }: Parts): string {
  const codeLines = code === undefined ? [] : [`${codeIntro}\n\n${code}`]
  return `${[greeting, intro, `${action}:\n${link}`, ...codeLines, outro, product].join('\n\n')}\n`
}

function htmlOf({ greeting, intro, action, link, codeIntro, code, outro, product }: Parts, language: Language): string {
  const codeLines = code && html`<p>${codeIntro}</p><p style="font-size:1.5em"><strong>${code}</strong></p>`
  return html`<!doctype html><html lang="${language}"><head><meta charset="utf-8"></head><body style="font-family:sans-serif">
<p>${greeting}</p><p>${intro}</p><p><a href="${link}">${action}</a></p>${codeLines}<p>${outro}</p><p>${product}</p>
</body></html>
`.text
}
