import { Prisma } from '@countersign/prisma'
import type { EndedFamilies, EndReason } from '../grants/refresh-token-families.ts'
import type { Queryable } from './database.ts'
import { databaseNow, type OutboxRow, seconds, toOutboxEntry } from './revocation-entries.ts'

/** Alive: neither revoked nor past a limit. `f` is the family. */
export const isLive = Prisma.sql`f.revoked_at IS NULL AND f.idle_expires_at > ${databaseNow} AND f.absolute_expires_at > ${databaseNow}`

/** How long what a family issued can outlive its last rotation, in seconds. */
export interface FamilyLifetimes {
  /** How long a denylist entry lives: the access token's lifetime and the clock tolerance of the verifiers. */
  readonly entryLifeSeconds: number
  /** Within it a retry gets an access token although the family does not rotate. */
  readonly refreshRetryWindowSeconds: number
}

export interface FamiliesToEnd {
  /** A condition on the family `f`. */
  readonly selection: Prisma.Sql
  readonly reason: EndReason
  /** Who ends them, when it is not their user. */
  readonly actorId?: string | undefined
}

/**
 * Ends families, with their denylist entries and audit events, in one statement. A family that has expired counts as long
 * as an access token of it may be alive: that has to be denied too.
 */
export async function endFamilies(
  queryable: Queryable,
  { selection, reason, actorId }: FamiliesToEnd,
  { entryLifeSeconds, refreshRetryWindowSeconds }: FamilyLifetimes
): Promise<EndedFamilies> {
  const lastTokenLife = seconds(entryLifeSeconds + refreshRetryWindowSeconds)
  const rows = await queryable.$queryRaw<OutboxRow[]>`
    WITH ended AS (
      UPDATE refresh_token_families f SET revoked_at = ${databaseNow}, revoked_reason = ${reason}
      WHERE ${selection} AND f.revoked_at IS NULL
        AND ((${isLive}) OR f.rotated_at > ${databaseNow} - ${lastTokenLife})
      RETURNING f.id, f.user_id, f.client_id
    ), audited AS (
      INSERT INTO audit_events (type, user_id, actor_id, session_id, client_id, detail)
      SELECT 'session.ended', user_id, ${actorId ?? null}::uuid, id, client_id, jsonb_build_object('reason', ${reason}::text)
      FROM ended
    )
    INSERT INTO revocations (kind, value, expires_at)
    SELECT 'sid', id::text, ${databaseNow} + ${seconds(entryLifeSeconds)} FROM ended
    RETURNING id, kind, value, expires_at`
  return { ended: rows.length, entries: rows.map(toOutboxEntry) }
}
