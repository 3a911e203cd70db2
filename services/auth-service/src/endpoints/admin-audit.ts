import { type AuditEventType, auditEventTypes, InvalidRequestError } from '@countersign/oauth'
import { requireQuery } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { z } from 'zod'
import { parseUsername } from '../accounts/usernames.ts'
import type { AuditedEvent, AuditLog } from '../audit/audit-log.ts'
import { type AuditQuery, auditQuery } from './audit-bodies.ts'
import { decodePlace, encodePlace } from './page-cursors.ts'

export interface AdminAuditDeps {
  auditLog: AuditLog
  /** Sets `ctx.state.accessToken` of an admin, or answers 401 or 403. */
  requireAdmin: Middleware
}

/** `GET /admin/audit`: a page of events, the newest first. */
export function listAuditEvents({ auditLog, requireAdmin }: AdminAuditDeps): Middleware[] {
  return [
    requireAdmin,
    requireQuery(auditQuery),
    async function answerEvents(ctx) {
      const { username, cursor, limit, ...query } = ctx.state.query as AuditQuery
      const type = knownType(query.type)
      const after = cursor === undefined ? undefined : decodePlace(cursor, eventId)
      const usernameKey = username === undefined ? undefined : parseUsername(username)?.key
      const filter = {
        type,
        usernameKey,
        userId: query.user_id,
        sessionId: query.session_id,
        clientId: query.client_id,
        since: query.since,
        until: query.until
      }
      const isNobody = username !== undefined && usernameKey === undefined
      const { events, next } = isNobody ? nothing : await auditLog.list({ filter, after, limit })
      ctx.set('Cache-Control', 'no-store')
      ctx.body = { events: events.map(eventOnWire), next_cursor: next ? encodePlace(next) : null }
    }
  ]
}

const nothing = { events: [], next: undefined }

/** Within what Postgres counts to. */
const eventId = z.string().regex(/^\d{1,18}$/)

function knownType(type: string | undefined): AuditEventType | undefined {
  const known = auditEventTypes.find((one) => one === type)
  if (type === undefined || known) return known
  const message = `must be one of ${auditEventTypes.join(', ')}`
  throw new InvalidRequestError({
    description: 'The query is not what this route takes; see issues.',
    issues: [{ path: 'type', message }]
  })
}

function eventOnWire(event: AuditedEvent) {
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
