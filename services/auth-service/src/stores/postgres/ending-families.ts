import { Prisma } from '@countersign/prisma'
import { maxClockToleranceSeconds } from '@countersign/verifier'
import { maxCachedSeconds } from '../../clients/client-cache.ts'
import type { EndedFamilies, EndReason } from '../../sessions/refresh-token-families.ts'
import { maxAccessTokenTtlSeconds } from '../../tokens/access-tokens.ts'
import { auditEventType } from './audit-events.ts'
import { type Queryable, statementTimeoutMs } from './database.ts'
import { databaseNow, type OutboxRow, seconds, toOutboxEntry } from './revocation-entries.ts'

/** Alive: neither revoked nor past a limit. `f` is the family. */
export const isLive = Prisma.sql`f.revoked_at IS NULL AND f.idle_expires_at > ${databaseNow} AND f.absolute_expires_at > ${databaseNow}`

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

/** The longest life of an entry, in seconds. */
export const maxEntryLifeSeconds = maxAccessTokenTtlSeconds + entryLagSeconds

/** To be joined to the families `f` that a statement revokes; returns the rows of the outbox. */
export const insertEntries = insertEntriesUntil(entryExpiry)

function insertEntriesUntil(expiry: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`INSERT INTO revocations (kind, value, expires_at) SELECT 'sid', f.id::text, ${expiry}`
}

/**
 * Whether the client of the family `f` hears of its end. Then it does for as long as the family is there, also when its tokens have
 * expired: the app may have a session of its own, which goes on.
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
  /** There may be tokens that the rows do not know of, since the database is older than they are. Then dead families end, too. */
  readonly hasUnknownTokens?: boolean
}

/**
 * Ends families, with their denylist entries and audit events, in one statement. This includes an expired family while one of
 * its access tokens may be alive, since that must be denied too.
 */
export async function endFamilies(queryable: Queryable, families: FamiliesToEnd): Promise<EndedFamilies> {
  return endedFamilies(await queryable.$queryRaw<OutboxRow[]>(endingFamilies(families)))
}

/** The statement that does it; its rows are for {@link endedFamilies}. */
export function endingFamilies({ selection, reason, actorId, hasUnknownTokens }: FamiliesToEnd): Prisma.Sql {
  // What outlasts the session of the browser hears of its end as well (OpenID Connect Back-Channel Logout 1.0 §2.7).
  const outlasting =
    reason === 'reauthenticated'
      ? Prisma.empty
      : Prisma.sql`UNION ALL SELECT f.client_id, f.user_id, f.id FROM refresh_token_families f JOIN ended browser ON f.session_id = browser.id
        WHERE 'offline_access' = ANY(f.identity_scopes) AND f.revoked_at IS NULL AND f.absolute_expires_at > ${databaseNow} AND ${hasReceiver}
          AND NOT EXISTS (SELECT FROM ended e WHERE e.id = f.id)`
  const expiry = hasUnknownTokens ? Prisma.sql`${databaseNow} + ${seconds(maxEntryLifeSeconds)}` : entryExpiry
  const hasTokens = Prisma.sql`((f.idle_expires_at > ${databaseNow} AND f.absolute_expires_at > ${databaseNow}) OR ${expiry} > ${databaseNow})`
  return Prisma.sql`
    WITH ended AS (
      UPDATE refresh_token_families f SET revoked_at = ${databaseNow}, revoked_reason = ${reason}
      WHERE ${selection} AND f.revoked_at IS NULL
        AND (${hasTokens} OR (f.absolute_expires_at > ${databaseNow} AND ${hasReceiver}))
      RETURNING f.id, f.user_id, f.client_id, f.access_expires_at, ${hasTokens} AS has_tokens
    ), audited AS (
      INSERT INTO audit_events (type, user_id, actor_id, session_id, client_id, detail)
      SELECT ${auditEventType('session.ended')}, user_id, ${actorId ?? null}::uuid, id, client_id, jsonb_build_object('reason', ${reason}::text)
      FROM ended WHERE has_tokens
    ), notified AS (
      ${insertLogouts} FROM ended f WHERE ${hasReceiver} ${outlasting}
    )
    ${insertEntriesUntil(expiry)} FROM ended f WHERE f.has_tokens
    RETURNING id, kind, value, expires_at`
}

export function endedFamilies(rows: readonly OutboxRow[]): EndedFamilies {
  return { ended: rows.length, entries: rows.map(toOutboxEntry) }
}

/** The condition for the sessions `f` that were started in these sessions of the browser, and do not outlast them. */
export function appsOf(ended: EndedFamilies): Prisma.Sql {
  const ids = ended.entries.map(({ value }) => value)
  return Prisma.sql`f.session_id = ANY(${ids}::uuid[]) AND NOT 'offline_access' = ANY(f.identity_scopes)`
}

/**
 * Ends one session, in the given transaction; if it is one of the browser, with those of apps that do not outlast it.
 * @param families a selection of no other session than this one
 */
export async function endFamilyWithApps(
  transaction: Queryable,
  familyId: string,
  families: FamiliesToEnd
): Promise<EndedFamilies> {
  // Waits for an exchange that is running, so that its session ends, too.
  await transaction.$queryRaw`
    SELECT 1 FROM users WHERE id = (SELECT user_id FROM refresh_token_families WHERE id = ${familyId}::uuid) FOR NO KEY UPDATE`
  const own = await endFamilies(transaction, families)
  if (own.ended === 0) return own
  const apps = await endFamilies(transaction, { ...families, selection: appsOf(own) })
  return { ended: own.ended + apps.ended, entries: [...own.entries, ...apps.entries] }
}

/** The condition for the families `f` of a user, except the one to keep. */
export function familiesOfUser(userId: string, exceptedId?: string): Prisma.Sql {
  const others = exceptedId === undefined ? Prisma.empty : Prisma.sql`AND f.id <> ${exceptedId}::uuid`
  return Prisma.sql`f.user_id = ${userId}::uuid ${others}`
}

/** Ends all families of a user, in the given transaction. */
export async function endFamiliesOfUser(
  transaction: Queryable,
  userId: string,
  cause: Omit<FamiliesToEnd, 'selection'>
): Promise<EndedFamilies> {
  await lockUser(transaction, userId)
  return endFamilies(transaction, { selection: familiesOfUser(userId), ...cause })
}

/**
 * Ends all families of a user except the current one, in the given transaction.
 * @returns `undefined` when the current one ended while this waited for its turn
 */
export async function endOtherFamiliesOfUser(
  transaction: Queryable,
  { userId, familyId }: { userId: string; familyId: string },
  cause: Omit<FamiliesToEnd, 'selection'>
): Promise<EndedFamilies | undefined> {
  if (!(await lockLiveSession(transaction, { userId, familyId }))) return undefined
  return endFamilies(transaction, { selection: familiesOfUser(userId, familyId), ...cause })
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
    SELECT 1 FROM refresh_token_families
    WHERE id = ${familyId}::uuid AND user_id = ${userId}::uuid AND revoked_at IS NULL FOR NO KEY UPDATE`
  return own.length > 0
}

/** Waits for a sign-in that is running, so that the next statement ends its session, too. */
export async function lockUser(transaction: Queryable, userId: string): Promise<void> {
  await transaction.$queryRaw`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
}
