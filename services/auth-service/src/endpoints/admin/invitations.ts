import { ConflictError, NotFoundError, TooManyRequestsError } from '@countersign/oauth'
import { parseUsername } from '../../accounts/usernames.ts'
import { wantedLanguage } from '../../mail/mail.ts'
import { defineRoute } from '../../routing/route.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { charge } from '../../sign-in/request-limits.ts'
import {
  invitation,
  invitationBody,
  invitationId,
  invitationListQuery,
  invitationOnWire,
  invitationPage,
  invitationParams
} from '../../wire/invitations.ts'
import { decodePlace, encodePlace } from '../../wire/pages.ts'
import { type AccountMailDeps, requireMail } from '../account/account-mail.ts'
import { noLongerAdmin } from './no-longer-admin.ts'

export interface AdminInvitationsDeps extends AccountMailDeps {
  counters: AttemptCounters
}

/** Per admin and hour. */
const mailsPerInviter = 100

/** `POST /admin/invitations`: mails a link that makes an account. */
export const createInvitation = defineRoute(
  {
    method: 'post',
    path: '/admin/invitations',
    summary: 'Invite a person by mail to create an account; the link is valid for seven days',
    access: 'admin',
    body: invitationBody,
    response: { status: 201, schema: invitation },
    errors: [404, 409, 429]
  },
  ({ counters, ...deps }: AdminInvitationsDeps) =>
    async ({ body, accessToken, ctx }) => {
      const { invitations, wake } = requireMail(deps)
      await chargeInviter(counters, accessToken.sub)
      const result = await invitations.create(
        {
          email: body.email,
          username: parseUsername(body.username ?? ''),
          roles: [...new Set(body.roles)],
          language: body.language ?? wantedLanguage(ctx.get('Accept-Language'))
        },
        accessToken.sub
      )
      if (result.outcome !== 'created') throw refusal(result.outcome)
      wake()
      return invitationOnWire(result.invitation)
    }
)

/** `GET /admin/invitations`: those that wait, and those that have expired in the last 30 days; the latest first. */
export const listInvitations = defineRoute(
  {
    method: 'get',
    path: '/admin/invitations',
    summary: 'A page of the invitations that are not accepted yet, the latest first',
    access: 'admin',
    query: invitationListQuery,
    response: { status: 200, schema: invitationPage },
    errors: [404]
  },
  (deps: AccountMailDeps) =>
    async ({ query: { cursor, limit } }) => {
      const after = cursor === undefined ? undefined : decodePlace(cursor, invitationId)
      const { invitations, next } = await requireMail(deps).invitations.list({ after, limit })
      return { invitations: invitations.map(invitationOnWire), next_cursor: next ? encodePlace(next) : null }
    }
)

/** `POST /admin/invitations/:id/send`: mails another link; the former one ends. */
export const sendInvitation = defineRoute(
  {
    method: 'post',
    path: '/admin/invitations/:id/send',
    summary: 'Send an invitation again, with a new link that is valid for seven days',
    access: 'admin',
    params: invitationParams,
    response: { status: 200, schema: invitation },
    errors: [409, 429]
  },
  ({ counters, ...deps }: AdminInvitationsDeps) =>
    async ({ params, accessToken }) => {
      const { invitations, wake } = requireMail(deps)
      await chargeInviter(counters, accessToken.sub)
      const result = await invitations.sendAgain(params.id, accessToken.sub)
      if (result.outcome !== 'sent') throw refusal(result.outcome)
      wake()
      return invitationOnWire(result.invitation)
    }
)

/** `DELETE /admin/invitations/:id`: its link is worthless afterwards. */
export const withdrawInvitation = defineRoute(
  {
    method: 'delete',
    path: '/admin/invitations/:id',
    summary: 'Withdraw an invitation',
    access: 'admin',
    params: invitationParams,
    response: { status: 204 }
  },
  (deps: AccountMailDeps) =>
    async ({ params, accessToken }) => {
      const outcome = await requireMail(deps).invitations.withdraw(params.id, accessToken.sub)
      if (outcome !== 'withdrawn') throw refusal(outcome)
    }
)

function chargeInviter(counters: AttemptCounters, inviterId: string): Promise<void> {
  return charge(counters, [{ name: 'invitation', key: inviterId, limit: mailsPerInviter, windowSeconds: 3600 }])
}

function refusal(outcome: 'unknown' | 'not_an_admin' | 'already_invited' | 'address_taken' | 'too_many'): Error {
  switch (outcome) {
    case 'unknown':
      return new NotFoundError({ description: 'There is no invitation with this id.' })
    case 'not_an_admin':
      return noLongerAdmin()
    case 'too_many':
      return new TooManyRequestsError({ retryAfterSeconds: 3600, detail: 'mails per address' })
    case 'already_invited':
      return new ConflictError({
        code: outcome,
        description: 'This address is invited already. Send that invitation again, or withdraw it.'
      })
    case 'address_taken':
      return new ConflictError({ code: outcome, description: 'A user has verified this e-mail address.' })
  }
}
