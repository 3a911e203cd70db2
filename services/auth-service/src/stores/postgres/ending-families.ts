import { Prisma } from '@countersign/prisma'
import { maxClockToleranceSeconds } from '@countersign/verifier'
import { maxCachedSeconds } from '../../clients/client-cache.ts'
import type { EndedFamilies, EndReason } from '../../sessions/refresh-token-families.ts'
import { maxAccessTokenTtlSeconds } from '../../tokens/access-tokens.ts'
import { auditEventType } from './audit-events.ts'
import { type Queryable, statementTimeoutMs } from './database.ts'
import { databaseNow, type OutboxRow, seconds, toOutboxEntry } from './revocation-entries.ts'

/** The family `f` has ended together with others, and its row is still to be revoked (`session-groups.ts`). */
export const isEnding = Prisma.sql`EXISTS (
  SELECT FROM session_group_endings g
  WHERE (g.user_id IS NULL OR g.user_id = f.user_id) AND (g.client_id IS NULL OR g.client_id = f.client_id)
    AND (g.session_id IS NULL OR (g.session_id = f.session_id AND NOT 'offline_access' = ANY(f.identity_scopes)))
    AND g.excepted_id IS DISTINCT FROM f.id AND coalesce(f.start_number, 0) < g.before_number)`

/** Alive: neither ended nor past a limit. `f` is the family. */
export const isLive = Prisma.sql`f.revoked_at IS NULL AND f.idle_expires_at > ${databaseNow} AND f.absolute_expires_at > ${databaseNow} AND NOT ${isEnding}`

/**
 * How much later than `access_expires_at` a retry's access token may expire, in seconds: within this, a retry writes nothing.
 */
export const retrySlackSeconds = 60

/** Statements are ended after this (`statement_timeout`), so a token is issued at most this long after its statement began. */
const statementSeconds = statementTimeoutMs / 1000

/** The credentials of a client may come from a cache that is at most this old. */
const allowanceSeconds = Math.max(retrySlackSeconds, maxCachedSeconds)

const entryLagSeconds = allowanceSeconds + statementSeconds + maxClockToleranceSeconds

/** When the last token that a family's entry can match has expired, by the clock of any verifier. */
const entryExpiry = Prisma.sql`f.access_expires_at + ${seconds(entryLagSeconds)}`

/** The longest lifetime of an entry, in seconds. */
export const maxEntryLifetimeSeconds = maxAccessTokenTtlSeconds + entryLagSeconds

/** To be joined to the families `f` that a statement revokes; returns the rows of the outbox. */
export const insertEntries = insertEntriesUntil(entryExpiry)

function insertEntriesUntil(expiry: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`INSERT INTO revocations (kind, value, expires_at) SELECT 'sid', f.id::text, ${expiry}`
}

/**
 * Whether the client of the family `f` is notified of its end. It is, as long as the family is there, also when its tokens have
 * expired: the app may have a session of its own, which continues.
 */
export const hasReceiver = Prisma.sql`(SELECT c.backchannel_logout_uri FROM clients c WHERE c.id = f.client_id) IS NOT NULL`

/** To be joined to the families `f` that a statement revokes. */
export const insertLogouts = Prisma.sql`INSERT INTO backchannel_logouts (client_id, user_id, session_id) SELECT f.client_id, f.user_id, f.id`

export interface FamiliesToEnd {
  /** A condition on the family `f`. */
  readonly selection: Prisma.Sql
  readonly reason: EndReason
  /** Who ends them, if not their user. */
  readonly actorId?: string | undefined
  /** Which families end with these, if in another statement: a condition on the family `f`. */
  readonly members?: Prisma.Sql
  /** For families of many users: one flow per receiver, with so many notifications before these. Without it, each user is a flow. */
  readonly notifiedBefore?: number
  /** There may be tokens that the rows do not know of, since the database is older than they are. Then dead families end, too. */
  readonly hasUnknownTokens?: boolean
}

/**
 * Ends families, with their denylist entries and audit events, in one statement. This includes an expired family while one of
 * its access tokens may be alive, since that must be denied too.
 */
export async function endFamilies(queryable: Queryable, families: FamiliesToEnd): Promise<EndedFamilies> {
  return endedFamilies(
    await queryable.$queryRaw<OutboxRow[]>`${endingWithEvents(families)} ${entriesOfEnded(families)}`
  )
}

/** A row of {@link endingBatch}. */
export interface BatchRow extends Omit<OutboxRow, 'id'> {
  id: OutboxRow['id'] | null
  count: number
  last: string | null
  ending_id: OutboxRow['id'] | null
}

/** Families that were ended by one statement. */
export interface EndedBatchOfFamilies extends EndedFamilies {
  /** Includes those that had no tokens any more. */
  readonly count: number
  /** The highest id. */
  readonly last: string | undefined
}

export interface BatchOptions {
  readonly limit: number
  /** What becomes of those that others hold. */
  readonly locking: 'waits' | 'skips'
  /** A condition on the family `f`: those that meet it come before all others. */
  readonly first?: Prisma.Sql | undefined
  /** An `INSERT … SELECT` without `WHERE` and `RETURNING`, which runs when the limit was reached: there may be more. */
  readonly rest?: Prisma.Sql
}

/** The statement that ends at most `limit` of the selected families, in the order of their ids; its rows are for {@link toEndedBatch}. */
export function endingBatch(families: FamiliesToEnd, { limit, locking, first, rest }: BatchOptions): Prisma.Sql {
  // An array is made once; a subquery under IN may be run for each row, with its LIMIT each time.
  const selection = Prisma.sql`f.id = ANY(ARRAY(
    SELECT f.id FROM refresh_token_families f WHERE ${families.selection} AND ${isToEnd(families)}
    ORDER BY ${first ? Prisma.sql`(${first}) DESC,` : Prisma.empty} f.id LIMIT ${limit} FOR NO KEY UPDATE OF f ${locking === 'skips' ? Prisma.sql`SKIP LOCKED` : Prisma.empty}))`
  const batch = { ...families, selection }
  const kept = rest && Prisma.sql`, rest AS (${rest} WHERE (SELECT count(*) FROM ended) >= ${limit} RETURNING id)`
  return Prisma.sql`
    ${endingWithEvents(batch)}, entries AS (${entriesOfEnded(batch)}) ${kept ?? Prisma.empty}
    SELECT e.*, (SELECT count(*)::int FROM ended) AS count, (SELECT id FROM ended ORDER BY id DESC LIMIT 1) AS last,
      ${rest ? Prisma.sql`(SELECT id FROM rest)` : Prisma.sql`NULL`} AS ending_id
    FROM (SELECT 1) one LEFT JOIN entries e ON true`
}

export function toEndedBatch(rows: readonly BatchRow[]): EndedBatchOfFamilies {
  const entries = rows.flatMap(({ id, ...row }) => (id === null ? [] : [{ id, ...row }]))
  const { count = 0, last, ending_id: endingId } = rows[0] ?? {}
  return {
    ...endedFamilies(entries),
    count,
    last: last ?? undefined,
    endingId: endingId == null ? undefined : BigInt(endingId)
  }
}

type Tokens = Pick<FamiliesToEnd, 'hasUnknownTokens'>

function expiryOf({ hasUnknownTokens }: Tokens): Prisma.Sql {
  return hasUnknownTokens ? Prisma.sql`${databaseNow} + ${seconds(maxEntryLifetimeSeconds)}` : entryExpiry
}

function hasTokens(families: Tokens): Prisma.Sql {
  return Prisma.sql`((f.idle_expires_at > ${databaseNow} AND f.absolute_expires_at > ${databaseNow}) OR ${expiryOf(families)} > ${databaseNow})`
}

/** There is something to end of the family `f`. */
export function isToEnd(families: Tokens = {}): Prisma.Sql {
  return Prisma.sql`f.revoked_at IS NULL AND (${hasTokens(families)} OR (f.absolute_expires_at > ${databaseNow} AND ${hasReceiver}))`
}

function endingWithEvents({
  selection,
  members,
  notifiedBefore,
  reason,
  actorId,
  ...tokens
}: FamiliesToEnd): Prisma.Sql {
  // Clients whose sessions outlast the browser's are notified, too (OpenID Connect Back-Channel Logout 1.0 §2.7).
  const outlasting =
    reason === 'reauthenticated'
      ? Prisma.empty
      : Prisma.sql`UNION ALL SELECT f.id, f.user_id, f.client_id FROM refresh_token_families f JOIN ended browser ON f.session_id = browser.id
        WHERE 'offline_access' = ANY(f.identity_scopes) AND f.revoked_at IS NULL AND f.absolute_expires_at > ${databaseNow} AND ${hasReceiver}
          AND NOT EXISTS (SELECT FROM ended e WHERE e.id = f.id) AND NOT ${members ? Prisma.sql`(${members})` : Prisma.sql`false`}`
  return Prisma.sql`
    WITH ended AS (
      UPDATE refresh_token_families f SET revoked_at = ${databaseNow}, revoked_reason = ${reason}
      WHERE ${selection} AND ${isToEnd(tokens)}
      RETURNING f.id, f.user_id, f.client_id, f.access_expires_at, ${hasTokens(tokens)} AS has_tokens
    ), audited AS (
      INSERT INTO audit_events (type, user_id, actor_id, session_id, client_id, detail)
      SELECT ${auditEventType('session.ended')}, user_id, ${actorId ?? null}::uuid, id, client_id, jsonb_build_object('reason', ${reason}::text)
      FROM ended WHERE has_tokens
    ), recipients AS MATERIALIZED (
      SELECT f.id, f.user_id, f.client_id FROM ended f WHERE ${hasReceiver} ${outlasting}
    ), waiting AS (
      SELECT t.client_id, t.user_id, (
        SELECT count(*) FROM backchannel_logouts l WHERE l.client_id = t.client_id AND l.user_id = t.user_id) AS count
      FROM (SELECT DISTINCT client_id, user_id FROM recipients) t
    ), notified AS (
      INSERT INTO backchannel_logouts (client_id, user_id, session_id, turn_at)
      SELECT t.client_id, t.user_id, t.id, ${databaseNow} + interval '1 second' * (coalesce(w.count, 0) + ${turnInFlow(notifiedBefore)})
      FROM recipients t LEFT JOIN waiting w ON w.client_id = t.client_id AND w.user_id = t.user_id
    )`
}

/** Each further logout of a flow comes a second later in the order, so that one with very many holds no other back. */
function turnInFlow(notifiedBefore: number | undefined): Prisma.Sql {
  return notifiedBefore === undefined
    ? Prisma.sql`row_number() OVER (PARTITION BY t.client_id, t.user_id) - 1`
    : Prisma.sql`row_number() OVER () - 1 + ${notifiedBefore}::int`
}

function entriesOfEnded(families: FamiliesToEnd): Prisma.Sql {
  return Prisma.sql`${insertEntriesUntil(expiryOf(families))} FROM ended f WHERE f.has_tokens RETURNING id, kind, value, expires_at`
}

function endedFamilies(rows: readonly OutboxRow[]): EndedFamilies {
  return { ended: rows.length, entries: rows.map(toOutboxEntry) }
}

/**
 * Locks a user, and then one of the user's sessions: nothing ends it until the transaction ends.
 * @returns whether the session has not been ended
 */
export async function lockLiveSession(
  transaction: Queryable,
  { userId, familyId }: { userId: string; familyId: string }
): Promise<boolean> {
  await lockUser(transaction, userId)
  const own = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM refresh_token_families f
    WHERE f.id = ${familyId}::uuid AND f.user_id = ${userId}::uuid AND f.revoked_at IS NULL AND NOT ${isEnding} FOR NO KEY UPDATE`
  return own.length > 0
}

/** Waits for a sign-in or an exchange that is running, so that the next statement ends its session, too. */
export async function lockUser(transaction: Queryable, userId: string): Promise<void> {
  await transaction.$queryRaw(lockingUser(Prisma.sql`${userId}::uuid`))
}

/** The statement that does it. */
export function lockingUser(id: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`SELECT 1 FROM users WHERE id = ${id} FOR NO KEY UPDATE`
}
