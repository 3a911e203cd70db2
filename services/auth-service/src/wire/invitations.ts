import { z } from 'zod'
import type { Invitation } from '../accounts/invitations.ts'
import { isUuid } from '../identifiers.ts'
import { languages } from '../mail/mail.ts'
import { linkSecret, mailableEmail, newUsername, presentedPassword } from './account.ts'
import { nextCursor, pageCursor, pageLimit } from './pages.ts'
import { roleName } from './roles.ts'

/** Invitations on the wire. */

/** `POST /admin/invitations` */
export const invitationBody = z
  .strictObject({
    email: mailableEmail,
    username: newUsername.optional().meta({ description: 'a suggestion' }),
    roles: z.array(roleName).max(16).default([]).meta({ description: 'given if the inviter is still an admin then' }),
    language: z.enum(languages).optional().meta({ description: 'of the mail, and of the user' })
  })
  .meta({ id: 'NewInvitation' })

/** `GET /admin/invitations` */
export const invitationListQuery = z.strictObject({ cursor: pageCursor, limit: pageLimit(20) })

/** What an id of an invitation is. */
export const invitationId = z.string().refine(isUuid, { error: 'There is no invitation with this id.' })

/** Of `/admin/invitations/:id` */
export const invitationParams = z.object({ id: invitationId.meta({ format: 'uuid' }) })

export const invitation = z
  .object({
    id: z.uuid(),
    email: z.string(),
    username: z.string().nullable().meta({ description: 'a suggestion' }),
    roles: z.array(z.string()),
    language: z.string().nullable(),
    invited_by: z
      .object({
        id: z.uuid(),
        username: z.string().nullable().meta({ description: 'null when there is no such user' })
      })
      .nullable()
      .meta({ description: 'null for the operator at the command line' }),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime()
  })
  .meta({ id: 'Invitation' })

export const invitationPage = z
  .object({ invitations: z.array(invitation), next_cursor: nextCursor })
  .meta({ id: 'InvitationPage' })

/** `POST /auth/invitations/show` */
export const invitationLink = z.strictObject({ secret: linkSecret }).meta({ id: 'InvitationLink' })

export const shownInvitation = z
  .object({
    email: z.string(),
    username: z.string().nullable().meta({ description: 'a suggestion' }),
    expires_at: z.iso.datetime()
  })
  .meta({ id: 'ShownInvitation' })

/** `POST /auth/invitations/accept` */
export const acceptanceBody = z
  .strictObject({ secret: linkSecret, username: newUsername, password: presentedPassword })
  .meta({ id: 'InvitationAcceptance' })

export function invitationOnWire(invitation: Invitation) {
  return {
    id: invitation.id,
    email: invitation.email,
    username: invitation.username,
    roles: [...invitation.roles],
    language: invitation.language,
    invited_by: invitation.invitedBy,
    created_at: invitation.createdAt.toISOString(),
    expires_at: invitation.expiresAt.toISOString()
  }
}
