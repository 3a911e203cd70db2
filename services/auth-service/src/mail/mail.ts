/** Mail: what is sent, to which address, in which language. */

export const mailTemplates = [
  'account_deleted',
  'account_kept',
  'deletion_requested',
  'email_change',
  'email_changed',
  'email_changed_again',
  'email_verification',
  'factor_enrolment',
  'identity_linked',
  'identity_unlinked',
  'identity_unlinked_by_admin',
  'invitation',
  'mail_sign_in',
  'passkey_added',
  'passkey_removed',
  'password_changed',
  'password_reset',
  'recovery_code_used',
  'recovery_codes_renewed',
  'second_factor_added',
  'second_factor_removed',
  'second_factors_reset',
  'username_changed'
] as const
export type MailTemplate = (typeof mailTemplates)[number]

export const languages = ['en', 'de'] as const
export type Language = (typeof languages)[number]

/** What only the recipient may know. */
export interface MailSecret {
  /** Secret of the link, in base64url. */
  readonly link: string
  /** 8 digits; absent where a link is enough. */
  readonly code?: string
}

/** A mail as its cause describes it. */
export interface MailDraft {
  /**
   * The user whose account it is about: it is deleted with the user. Absent in the mail that tells of the deletion, and for somebody who is
   * invited.
   */
  readonly userId: string | undefined
  /** The stored address of the user, or of somebody who is invited. */
  readonly recipient: string
  readonly template: MailTemplate
  readonly language: Language
  /** Empty for somebody who has no account yet. */
  readonly username: string
  /** Until when something can be undone. */
  readonly until?: Date | undefined
  readonly secret?: { readonly value: MailSecret; readonly lifetimeSeconds: number }
}

/** A mail that can be sent. */
export interface RenderedMail {
  readonly messageId: string
  readonly recipient: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** How this installation sends mail. */
export interface MailSettings {
  /** The address in `From`. */
  readonly from: string
  readonly productName: string
  /** Where people find the pages; links in mail begin with it, whatever a request says. */
  readonly pagesUrl: string
}

/** @returns the language for a header `Accept-Language` (RFC 9110 §12.5.4); English when none of its languages is supported */
export function chooseLanguage(acceptLanguage: string | undefined): Language {
  return wantedLanguage(acceptLanguage) ?? languages[0]
}

/** @returns the first language of a header `Accept-Language` that there are texts for; `undefined` when it has none */
export function wantedLanguage(acceptLanguage: string | undefined): Language | undefined {
  const ranked = (acceptLanguage ?? '').slice(0, 256).split(',').map(parseRange)
  const wanted = ranked.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality)
  for (const { tag } of wanted) {
    const known = languages.find((language) => language === tag)
    if (known) return known
  }
  return undefined
}

function parseRange(range: string) {
  const [tag = '', ...parameters] = range
    .trim()
    .toLowerCase()
    .split(/\s*;\s*/)
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
  return { tag: tag.split('-')[0], quality: quality === undefined ? 1 : Number(quality) || 0 }
}
