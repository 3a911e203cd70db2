import { z } from 'zod'
import { isUuid } from '../identifiers.ts'
import type { SessionPlace, SessionSummary } from '../sessions/refresh-token-families.ts'
import { decodePlace, encodePlace, nextCursor, pageCursor, pageLimit } from './pages.ts'
import { userParams } from './users.ts'

/** The sessions on the wire. */

/** Of `/auth/sessions/:id` */
export const ownSessionParams = z.object({ id: sessionId('You have no live session with this id.') })

/** Of `/admin/users/:id/sessions/:session_id` */
export const userSessionParams = userParams.extend({
  session_id: sessionId('The user has no live session with this id.')
})

function sessionId(unknown: string) {
  return z.string().refine(isUuid, { error: unknown }).meta({ format: 'uuid' })
}

/** `GET /auth/sessions` and `/admin/users/:id/sessions` */
export const sessionListQuery = z.strictObject({ cursor: pageCursor, limit: pageLimit(100) })
export type SessionListQuery = z.infer<typeof sessionListQuery>

export const session = z
  .object({
    id: z.uuid(),
    client_id: z.string(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
    address: z.string(),
    user_agent: z.string()
  })
  .meta({ id: 'Session' })

export const sessionList = z.object({ sessions: z.array(session), next_cursor: nextCursor }).meta({ id: 'SessionPage' })

const ownSession = session.extend({ current: z.boolean() }).meta({ id: 'OwnSession' })

export const ownSessionList = z
  .object({
    sessions: z.array(ownSession),
    next_cursor: nextCursor
  })
  .meta({ id: 'OwnSessionPage' })

/**
 * The position in a list of sessions that a query names. @throws {InvalidRequestError} for a cursor that this service did not
 * make
 */
export function placeInSessions({ cursor, limit }: SessionListQuery): {
  after: SessionPlace | undefined
  limit: number
} {
  if (cursor === undefined) return { after: undefined, limit }
  const { at: createdAt, id } = decodePlace(cursor, z.uuid())
  return { after: { createdAt, id }, limit }
}

/** The cursor of the next page of sessions. */
export function sessionCursor(next: SessionPlace | undefined): string | null {
  return next === undefined ? null : encodePlace({ at: next.createdAt, id: next.id })
}

/** A session on the wire. */
export function sessionSummary(session: SessionSummary) {
  return {
    id: session.id,
    client_id: session.clientId,
    created_at: session.createdAt.toISOString(),
    last_used_at: session.lastUsedAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    address: session.address,
    user_agent: session.userAgent
  }
}
