import { type AuditEventType, auditEventTypes } from '@countersign/oauth'
import { invalidFields } from '@countersign/service-kit'
import { parseUsername } from '../../accounts/usernames.ts'
import type { AuditLog } from '../../audit/audit-log.ts'
import { defineRoute } from '../../routing/route.ts'
import { auditPage, auditQuery, eventId, eventOnWire } from '../../wire/audit.ts'
import { decodePlace, encodePlace } from '../../wire/pages.ts'

/** `GET /admin/audit`: a page of events, newest first. */
export const listAuditEvents = defineRoute(
  {
    method: 'get',
    path: '/admin/audit',
    summary: 'A page of the audit log, the newest events first; filters combine',
    access: 'admin',
    query: auditQuery,
    response: { status: 200, schema: auditPage }
  },
  ({ auditLog }: { auditLog: AuditLog }) =>
    async ({ query: { username, cursor, limit, ...query } }) => {
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
      return { events: events.map(eventOnWire), next_cursor: next ? encodePlace(next) : null }
    }
)

const nothing = { events: [], next: undefined }

function knownType(type: string | undefined): AuditEventType | undefined {
  // Its name in 0.1, for one version.
  if (type === 'signing_key.pulled') return 'signing_key.revoked'
  const known = auditEventTypes.find((one) => one === type)
  if (type === undefined || known) return known
  const message = `must be one of ${auditEventTypes.join(', ')}`
  throw invalidFields([{ path: 'type', message }])
}
