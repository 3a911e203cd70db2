import { auditEventTypes } from '@countersign/oauth'
import { z } from 'zod'
import type { AuditedEvent } from '../audit/audit-log.ts'
import { ownProfile } from './account.ts'
import { app } from './apps.ts'
import { nextCursor, pageCursor } from './pages.ts'
import { passkey } from './passkeys.ts'
import { identity } from './providers.ts'
import { ownTotp, trustedDevice } from './second-factors.ts'
import { session } from './sessions.ts'

/** What this service keeps about a user, as the user gets it. */

/** `GET /auth/me/data` */
export const accountDataQuery = z.strictObject({ cursor: pageCursor })

const ownEvent = z
  .object({
    at: z.iso.datetime(),
    type: z.enum(auditEventTypes),
    by_somebody_else: z.boolean().meta({ description: 'whether an admin did it' }),
    session_id: z.uuid().nullable(),
    client_id: z.string().nullable(),
    address: z.string().nullable(),
    user_agent: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()).nullable()
  })
  .meta({ id: 'OwnEvent' })

export const accountData = z
  .object({
    profile: ownProfile.omit({ session_id: true }),
    sessions: z.array(session).meta({ description: 'those that are live, the newest first' }),
    passkeys: z.array(passkey).meta({ description: 'without their keys, which are of no use to anybody' }),
    identities: z.array(identity).meta({ description: 'at other services' }),
    apps: z.array(app).meta({ description: 'that the user has let in' }),
    totp: ownTotp.nullable(),
    trusted_devices: z.array(trustedDevice),
    events: z.array(ownEvent).meta({ description: 'what the audit log has about the user, the newest first' }),
    next_cursor: nextCursor.meta({ description: '`cursor` of the response with older events; null if there are none' })
  })
  .meta({ id: 'AccountData' })

/** Where an admin did it, neither who that was nor where they were. */
export function ownEventOnWire(event: AuditedEvent) {
  const isOther = event.actor !== null && event.actor.id !== event.user?.id
  return {
    at: event.at.toISOString(),
    type: event.type,
    by_somebody_else: isOther,
    session_id: event.sessionId,
    client_id: event.clientId,
    address: isOther ? null : event.address,
    user_agent: isOther ? null : event.userAgent,
    detail: event.detail
  }
}
