import { ConflictError, NotFoundError } from '@countersign/oauth'
import type { MailAdministration } from '../../mail/mail-outbox.ts'
import { defineRoute } from '../../routing/route.ts'
import { deadMailOnWire, deadMailPage, deadMailQuery, mailId, mailParams, retriedMail } from '../../wire/mail.ts'
import { decodePlace, encodePlace } from '../../wire/pages.ts'
import { noLongerAdmin } from './no-longer-admin.ts'

export interface AdminMailDeps {
  mailAdministration: MailAdministration
  /** Sends at once what is due. */
  wakeMail(): void
}

/** `GET /admin/mail`: mail that was given up, the latest first. */
export const listDeadMail = defineRoute(
  {
    method: 'get',
    path: '/admin/mail',
    summary: 'A page of undeliverable mail, the latest first',
    access: 'admin',
    query: deadMailQuery,
    response: { status: 200, schema: deadMailPage }
  },
  ({ mailAdministration }: AdminMailDeps) =>
    async ({ query: { cursor, limit } }) => {
      const after = cursor === undefined ? undefined : decodePlace(cursor, mailId)
      const { mails, next } = await mailAdministration.listDead({ after, limit })
      return { mails: mails.map(deadMailOnWire), next_cursor: next ? encodePlace(next) : null }
    }
)

/** `POST /admin/mail/:id/retry`: sends a mail again that was given up. */
export const retryMail = defineRoute(
  {
    method: 'post',
    path: '/admin/mail/:id/retry',
    summary: 'Send an undeliverable mail again, unless it has a link or code',
    access: 'admin',
    params: mailParams,
    response: { status: 200, schema: retriedMail },
    errors: [409]
  },
  ({ mailAdministration, wakeMail }: AdminMailDeps) =>
    async ({ params, accessToken }) => {
      const outcome = await mailAdministration.retry(params.id, accessToken.sub)
      if (outcome === 'not_an_admin') throw noLongerAdmin()
      if (outcome === 'unknown') throw new NotFoundError({ description: 'There is no abandoned mail with this id.' })
      if (outcome === 'secret_erased') {
        throw new ConflictError({
          code: 'secret_erased',
          description: 'The link and the code of this mail were erased. Its user has to ask for another mail.'
        })
      }
      wakeMail()
      return { id: params.id }
    }
)
