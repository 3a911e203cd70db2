import { z } from 'zod'
import { isUuid } from '../identifiers.ts'
import { mailTemplates } from '../mail/mail.ts'
import type { DeadMail } from '../mail/mail-outbox.ts'
import { nextCursor, pageCursor, pageLimit } from './pages.ts'

/** Mail that was given up, on the wire. */

/** `GET /admin/mail` */
export const deadMailQuery = z.strictObject({ cursor: pageCursor, limit: pageLimit(20) })

/** What an id of a mail is. */
export const mailId = z.string().refine(isUuid, { error: 'There is no abandoned mail with this id.' })

/** Of `/admin/mail/:id/retry` */
export const mailParams = z.object({ id: mailId.meta({ format: 'uuid' }) })

const deadMail = z
  .object({
    id: z.uuid(),
    recipient: z.string(),
    template: z.enum(mailTemplates),
    created_at: z.iso.datetime(),
    dead_at: z.iso.datetime(),
    attempts: z.int(),
    reason: z.string().meta({ description: 'why, such as EENVELOPE 550, or expired' }),
    can_be_retried: z.boolean().meta({ description: 'false if it had a link or code, which was erased' })
  })
  .meta({ id: 'DeadMail' })

export const deadMailPage = z.object({ mails: z.array(deadMail), next_cursor: nextCursor }).meta({ id: 'DeadMailPage' })

export const retriedMail = z.object({ id: z.uuid() }).meta({ id: 'RetriedMail' })

export function deadMailOnWire(mail: DeadMail) {
  return {
    id: mail.id,
    recipient: mail.recipient,
    template: mail.template,
    created_at: mail.createdAt.toISOString(),
    dead_at: mail.deadAt.toISOString(),
    attempts: mail.attempts,
    reason: mail.reason,
    can_be_retried: mail.canBeRetried
  }
}
