import { auditEventTypes } from '@countersign/oauth'
import { z } from 'zod'
import type { AuditedEvent } from '../audit/audit-log.ts'
import { clientIdPattern } from '../identifiers.ts'
import { lastMoment, nextCursor, pageCursor, pageLimit } from './pages.ts'

/** The audit log on the wire. */

/** A moment with the precision of events; finer ones are rounded up, so that the same events are on either side. */
const moment = z.iso
  .datetime({ offset: true, error: 'must be a date and time with its offset, such as 2026-11-24T12:00:00Z' })
  .max(40)
  .refine((text) => isBetweenYears(new Date(text)), { error: 'must be between the years 1970 and 9999' })
  .transform((text) => new Date(new Date(text).getTime() + (/\.\d{3}\d*[1-9]/.test(text) ? 1 : 0)))

function isBetweenYears(date: Date): boolean {
  return date.getTime() >= 0 && date.getTime() < lastMoment
}

/** `GET /admin/audit`: an event must match all filters. */
export const auditQuery = z
  .strictObject({
    // Checked by the endpoint, which can name all types in its response.
    type: z
      .string()
      .max(64)
      .optional()
      .meta({ enum: [...auditEventTypes] }),
    username: z.string().max(256).optional().meta({ description: 'of the user the events are about' }),
    user_id: z.uuid().optional().meta({ description: 'of the user the events are about' }),
    session_id: z.uuid().optional(),
    client_id: z.string().regex(clientIdPattern, { error: 'must be 1 to 64 of A-Z, a-z, 0-9, . _ and -' }).optional(),
    since: moment.optional().meta({ description: 'this moment and later' }),
    until: moment.optional().meta({ description: 'before this moment' }),
    cursor: pageCursor,
    limit: pageLimit(50)
  })
  .refine(({ since, until }) => since === undefined || until === undefined || since <= until, {
    path: ['since'],
    error: 'must not be later than until'
  })
export type AuditQuery = z.infer<typeof auditQuery>

/** The id of an event in a cursor, within the range of Postgres' bigint. */
export const eventId = z.string().regex(/^\d{1,18}$/)

const subject = z
  .object({ id: z.uuid(), username: z.string().nullable().meta({ description: 'null when there is no such user' }) })
  .meta({ id: 'AuditSubject' })

const auditEvent = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    type: z.enum(auditEventTypes),
    user: subject.nullable().meta({ description: 'the user it is about' }),
    actor: subject.nullable().meta({ description: 'who did it, when that is somebody else' }),
    session_id: z.uuid().nullable(),
    client_id: z.string().nullable(),
    address: z.string().nullable(),
    user_agent: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()).nullable()
  })
  .meta({ id: 'AuditEvent' })

export const auditPage = z.object({ events: z.array(auditEvent), next_cursor: nextCursor }).meta({ id: 'AuditPage' })

/** An event on the wire. */
export function eventOnWire(event: AuditedEvent) {
  return {
    id: event.id,
    at: event.at.toISOString(),
    type: event.type,
    user: event.user,
    actor: event.actor,
    session_id: event.sessionId,
    client_id: event.clientId,
    address: event.address,
    user_agent: event.userAgent,
    detail: event.detail
  }
}
