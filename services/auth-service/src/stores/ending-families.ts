import { Prisma } from '@countersign/prisma'
import { maxClockToleranceSeconds } from '@countersign/verifier'
import type { EndedFamilies, EndReason } from '../grants/refresh-token-families.ts'
import { maxAccessTokenTtlSeconds } from '../tokens/access-tokens.ts'
import { type Queryable, statementTimeoutMs } from './database.ts'
import { databaseNow, type OutboxRow, seconds, toOutboxEntry } from './revocation-entries.ts'

/** Alive: neither revoked nor past a limit. `f` is the family. */
export const isLive = Prisma.sql`f.revoked_at IS NULL AND f.idle_expires_at > ${databaseNow} AND f.absolute_expires_at > ${databaseNow}`

/**
 * How much later than `access_expires_at` a retry's access token may expire: within it a retry need not write. In seconds.
 */
export const retrySlackSeconds = 60

/** Statements are ended past this (`statement_timeout`), so no token is younger than its statement's begin by more. */
const statementSeconds = statementTimeoutMs / 1000

const entryLagSeconds = retrySlackSeconds + statementSeconds + maxClockToleranceSeconds

/** When the last token is dead that a family's entry can hit, by the clock of any verifier. */
const entryExpiry = Prisma.sql`f.access_expires_at + ${seconds(entryLagSeconds)}`

/** The longest that an entry can live, in seconds. */
export const maxEntryLifeSeconds = maxAccessTokenTtlSeconds + entryLagSeconds

/** To be joined to the families `f` that a statement revokes; returns the rows of the outbox. */
export const insertEntries = Prisma.sql`
  INSERT INTO revocations (kind, value, expires_at) SELECT 'sid', f.id::text, ${entryExpiry}`

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
  { selection, reason, actorId }: FamiliesToEnd
): Promise<EndedFamilies> {
  const rows = await queryable.$queryRaw<OutboxRow[]>`
    WITH ended AS (
      UPDATE refresh_token_families f SET revoked_at = ${databaseNow}, revoked_reason = ${reason}
      WHERE ${selection} AND f.revoked_at IS NULL
        AND ((${isLive}) OR ${entryExpiry} > ${databaseNow})
      RETURNING f.id, f.user_id, f.client_id, f.access_expires_at
    ), audited AS (
      INSERT INTO audit_events (type, user_id, actor_id, session_id, client_id, detail)
      SELECT 'session.ended', user_id, ${actorId ?? null}::uuid, id, client_id, jsonb_build_object('reason', ${reason}::text)
      FROM ended
    )
    ${insertEntries} FROM ended f
    RETURNING id, kind, value, expires_at`
  return { ended: rows.length, entries: rows.map(toOutboxEntry) }
}

/** Ends all families of a user, in the transaction given. */
export async function endFamiliesOfUser(
  transaction: Queryable,
  userId: string,
  cause: Omit<FamiliesToEnd, 'selection'>
): Promise<EndedFamilies> {
  // The lock makes a sign-in that is under way finish first, so that this ends its session too.
  await transaction.$queryRaw`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
  return endFamilies(transaction, { selection: Prisma.sql`f.user_id = ${userId}::uuid`, ...cause })
}
