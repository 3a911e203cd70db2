/** Decides about a refresh token that could not rotate (docs/decisions/0015-recovery-of-lost-responses.md). */
import { Prisma } from '@countersign/prisma'
import type { PresentedGeneration, RefreshOutcome } from '../../sessions/refresh-token-families.ts'
import { auditEventType } from './audit-events.ts'
import type { Database } from './database.ts'
import { hasReceiver, insertEntries, insertLogouts, isLive, retrySlackSeconds } from './ending-families.ts'
import { grantExpressions } from './granted-scopes.ts'
import { databaseNow, seconds, toOutboxEntry } from './revocation-entries.ts'
import { type SessionRow, sessionColumns, toSession } from './session-rows.ts'
import { isFull, isRecoverable, listAfterRecovery } from './used-generations.ts'

export interface RefreshLimits {
  readonly issuer: string
  readonly accessTokenTtlSeconds: number
  readonly refreshRetryWindowSeconds: number
  /**
   * How long a lost response can be recovered after the retry window; 0 is off. With a key-bound token: as long as the session
   * lives.
   */
  readonly refreshRecoverySeconds: number
  readonly sessionIdleSeconds: number
}

interface DecidedRow extends SessionRow {
  outcome: RefreshOutcome['outcome'] | 'overtaken'
  recovered_generation: number | null
  entry_id: bigint | null
  entry_expires_at: Date | null
}

/**
 * The decision is one statement: the token gets the current generation, skips it, or ends the family together with its
 * denylist entry; the last two with their audit event.
 * @returns `undefined` when another request changed the family meanwhile: try again
 */
export function createRefreshDecision(database: Database, limits: RefreshLimits) {
  const { refreshRetryWindowSeconds: retrySeconds, refreshRecoverySeconds: recoverySeconds } = limits
  const accessExpiry = Prisma.sql`${databaseNow} + ${seconds(limits.accessTokenTtlSeconds)}`
  const doubleWindow = seconds(2 * retrySeconds)
  // By the statement's start, so that all parts of it see the same moment. That may be before a rotation that it waited for, so
  // ages have a minimum of 0 seconds.
  const isYoungerThan = (age: number) =>
    age === 0 ? Prisma.sql`false` : Prisma.sql`f.rotated_at > statement_timestamp() - ${seconds(age)}`
  const longest = Math.max(retrySeconds, recoverySeconds)
  const longestBound = recoverySeconds === 0 ? longest : Math.max(longest, limits.sessionIdleSeconds)
  const isInTime = Prisma.sql`CASE WHEN f.jkt IS NULL THEN ${isYoungerThan(longest)} ELSE ${isYoungerThan(longestBound)} END`
  // A denylist entry lives until the last access token has expired. The token of a late retry may live longer than the row
  // says.
  const needsExtension = Prisma.sql`
    f.access_expires_at + ${seconds(retrySlackSeconds)} < statement_timestamp() + ${seconds(limits.accessTokenTtlSeconds)}`

  return async function decide(presented: PresentedGeneration): Promise<RefreshOutcome | undefined> {
    const { familyId, generation, clientId, scopes, resource, origin } = presented
    const grant = grantExpressions({
      scopes: Prisma.sql`${scopes ?? null}::text[]`,
      resource: Prisma.sql`${resource ?? null}::text`,
      issuer: Prisma.sql`${limits.issuer}::text`
    })
    const isPresentable = Prisma.sql`f.id = ${familyId}::uuid AND f.client_id = ${clientId} AND ${isLive} AND ${hasKey(presented)}
      AND u.id = f.user_id AND u.disabled_at IS NULL`
    const isAllowed = Prisma.sql`${grant.hasTarget} AND ${grant.hasScopes}`
    const isUsed = Prisma.sql`f.generation > ${generation}`
    const isGood = Prisma.sql`(${isRecoverable(generation, doubleWindow)} AND ${isInTime})`
    const getsCurrent = Prisma.sql`(CASE WHEN f.generation = ${generation} THEN ${isFull(doubleWindow)}
      ELSE ${isGood} AND ${isYoungerThan(retrySeconds)} END)`
    const list = listAfterRecovery(generation, doubleWindow)
    // By two: replicas of the previous version would accept the generation before the current one as a retry.
    const next = Prisma.sql`f.generation + 2`
    const eventOf = (type: Prisma.Sql) => Prisma.sql`
      INSERT INTO audit_events (type, user_id, session_id, client_id, address, user_agent, detail)
      SELECT ${type}, user_id, id, client_id, ${origin.address}, ${origin.userAgent},
        jsonb_build_object('presented_generation', ${generation}::int, 'current_generation', generation)`
    const rows = await database.$queryRaw<DecidedRow[]>`
      WITH replayed AS (
        UPDATE refresh_token_families f SET revoked_at = ${databaseNow}, revoked_reason = 'replay'
        FROM users u WHERE ${isPresentable} AND ${isUsed} AND NOT ${isGood}
        RETURNING f.*
      ), recovered AS (
        UPDATE refresh_token_families f
        SET generation = ${next}, rotated_at = ${databaseNow},
          used_generations = ${list.generations}, used_at = ${list.times}, uses_generation = ${next},
          idle_expires_at = ${databaseNow} + ${seconds(limits.sessionIdleSeconds)},
          access_expires_at = greatest(f.access_expires_at, ${accessExpiry}),
          address = ${origin.address}, user_agent = ${origin.userAgent}
        FROM users u WHERE ${isPresentable} AND ${isUsed} AND ${isGood} AND NOT ${getsCurrent} AND ${isAllowed}
        RETURNING f.*
      ), extended AS (
        UPDATE refresh_token_families f SET access_expires_at = ${accessExpiry}
        FROM users u WHERE ${isPresentable} AND ${getsCurrent} AND ${isAllowed} AND ${needsExtension}
        RETURNING 1
      ), entry AS (
        ${insertEntries} FROM replayed f
        RETURNING id, expires_at
      ), notified AS (
        ${insertLogouts} FROM replayed f WHERE ${hasReceiver}
      ), audited_replay AS (
        ${eventOf(auditEventType('refresh_token.replayed'))} FROM replayed
      ), audited_recovery AS (
        ${eventOf(auditEventType('refresh_token.recovered'))} FROM recovered
      )
      SELECT ${sessionColumns(grant)}, (SELECT generation FROM recovered) AS recovered_generation,
        (SELECT id FROM entry) AS entry_id, (SELECT expires_at FROM entry) AS entry_expires_at,
        CASE
          WHEN EXISTS (SELECT FROM replayed) THEN 'replayed'
          WHEN EXISTS (SELECT FROM recovered) THEN 'recovered'
          WHEN f.client_id <> ${clientId} OR f.generation < ${generation} THEN 'unknown'
          WHEN f.revoked_at IS NOT NULL OR u.disabled_at IS NOT NULL THEN 'revoked'
          WHEN NOT (${isLive}) THEN 'expired'
          WHEN NOT ${hasKey(presented)} THEN 'wrong_key'
          WHEN NOT ${grant.hasTarget} THEN 'exceeds_audience'
          WHEN NOT ${grant.hasScopes} THEN 'exceeds_scope'
          WHEN ${getsCurrent} AND (EXISTS (SELECT FROM extended) OR NOT ${needsExtension}) THEN 'retried'
          ELSE 'overtaken'
        END AS outcome
      FROM refresh_token_families f JOIN users u ON u.id = f.user_id
      WHERE f.id = ${familyId}::uuid`
    return rows[0] ? toOutcome(rows[0], presented) : { outcome: 'unknown' }
  }
}

function toOutcome(row: DecidedRow, presented: PresentedGeneration): RefreshOutcome | undefined {
  const { outcome, entry_id, entry_expires_at } = row
  switch (outcome) {
    case 'overtaken':
      return undefined
    case 'recovered':
    case 'retried':
    case 'rotated':
      return {
        outcome,
        session: toSession({ ...row, generation: row.recovered_generation ?? row.generation }, presented)
      }
    case 'replayed': {
      const { familyId } = presented
      const entry = { id: entry_id as bigint, kind: 'sid', value: familyId, expires_at: entry_expires_at as Date }
      return { outcome, sessionId: familyId, entries: [toOutboxEntry(entry)] }
    }
    default:
      return { outcome }
  }
}

/**
 * The family `f` is bound to this key; or neither it nor the request has a key. A session is bound at its start or never: else
 * the thief of an unbound token could bind it to a key of their own, and the owner's replay would not be seen.
 */
function hasKey({ jkt }: PresentedGeneration): Prisma.Sql {
  return Prisma.sql`(f.jkt IS NOT DISTINCT FROM ${jkt ?? null}::text)`
}
