import { z } from 'zod'
import type { SessionPlace, SessionSummary } from '../sessions/refresh-token-families.ts'
import type { SessionListQuery } from './bodies.ts'
import { decodePlace, encodePlace } from './page-cursors.ts'

/** The place in a list of sessions that a query asks for. @throws {InvalidRequestError} for a cursor of no former page */
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
