import type { SessionSummary } from '../grants/refresh-token-families.ts'

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
