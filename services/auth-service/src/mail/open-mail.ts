import type { Secret } from '@countersign/service-kit'
import type { MasterKeys } from '../keys/master-keys.ts'
import { createMailCapture, type MailCapture } from './captured-mail.ts'
import type { RenderedMail } from './mail.ts'
import { createMailSealing, type MailSealing } from './mail-sealing.ts'
import type { MailTransport } from './mail-transport.ts'
import { createMailRenderer, type RenderMail } from './render-mail.ts'
import { createSmtpTransport, smtpOptionsOf } from './smtp-transport.ts'

export interface MailConfig {
  smtpUrl: Secret | undefined
  mailFrom: string | undefined
  pagesUrl: string | undefined
  productName: string
  masterKeys: MasterKeys
}

/** What sending mail is made of. */
export interface Mail {
  readonly from: string
  readonly sealing: MailSealing
  readonly render: RenderMail
  readonly transport: MailTransport
  /** Set where mail is kept instead of sent. */
  readonly capture: MailCapture | undefined
}

/**
 * @param onMail keeps mail in memory where no mail server is configured, and is called with each; only code can ask for that
 * @returns `undefined` where no mail is sent
 */
export function openMail(config: MailConfig, onMail: ((mail: RenderedMail) => void) | undefined): Mail | undefined {
  const { smtpUrl, mailFrom: from, pagesUrl, productName, masterKeys } = config
  if (from === undefined || pagesUrl === undefined || (smtpUrl === undefined && onMail === undefined)) return undefined
  const parts = {
    from,
    sealing: createMailSealing(masterKeys),
    render: createMailRenderer({ from, productName, pagesUrl })
  }
  const smtp = smtpOptionsOf(config)
  if (smtp) return { ...parts, transport: createSmtpTransport(smtp), capture: undefined }
  const capture = createMailCapture(onMail ?? (() => {}))
  return { ...parts, transport: capture, capture }
}
