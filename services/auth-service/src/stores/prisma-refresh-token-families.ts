import { randomUUID } from 'node:crypto'
import type { AuditEventType } from '@countersign/oauth'
import { Prisma } from '@countersign/prisma'
import type { Acquaintance } from '../accounts/sign-in-limits.ts'
import type {
  NewSession,
  PresentedGeneration,
  RefreshOutcome,
  RefreshTokenDescription,
  RefreshTokenFamilies,
  Session,
  SessionPage,
  SessionSummary
} from '../grants/refresh-token-families.ts'
import type { OutboxEntry } from '../revocation/revocation-outbox.ts'
import { auditEventType } from './audit-events.ts'
import { type Database, type DatabaseConnection, inTransaction, orUnavailable } from './database.ts'
import {
  endedFamilies,
  endFamilies,
  endFamiliesOfUser,
  endingFamilies,
  endOtherFamiliesOfUser,
  insertEntries,
  isLive,
  retrySlackSeconds
} from './ending-families.ts'
import type { HotStatements } from './hot-statements.ts'
import { signingKid } from './prisma-signing-key-store.ts'
import { databaseNow, type OutboxRow, seconds, toOutboxEntry } from './revocation-entries.ts'

export interface FamilyLimits {
  readonly accessTokenTtlSeconds: number
  readonly refreshRetryWindowSeconds: number
  /** The same for tokens that are bound to a key: a thief cannot use those. */
  readonly boundRefreshRetryWindowSeconds: number
  readonly sessionIdleSeconds: number
  readonly sessionAbsoluteSeconds: number
  readonly sessionsPerUser: number
}

/** What the one who asks does not know yet. */
interface SessionRow {
  user_id: string
  username: string
  roles: string[]
  scope: string
  audience: string[]
  generation: number
  issued_at: number
  signing_kid: string
}

const sessionColumns = Prisma.sql`u.id AS user_id, u.username, u.roles, f.scope, f.audience, f.generation,
  floor(date_part('epoch', ${databaseNow})) AS issued_at, ${signingKid} AS signing_kid`

/** The rotation, with one text for every presentation: a key, scopes or an audience that is absent is NULL. */
const rotationText = `
  UPDATE refresh_token_families f
  SET generation = f.generation + 1, rotated_at = ${databaseNow.sql},
    idle_expires_at = ${databaseNow.sql} + make_interval(secs => $10),
    access_expires_at = greatest(f.access_expires_at, ${databaseNow.sql} + make_interval(secs => $9)),
    address = $7, user_agent = $8
  FROM users u
  WHERE f.id = $1::uuid AND f.generation = $2 AND f.client_id = $3 AND ${isLive.sql}
    AND f.jkt IS NOT DISTINCT FROM $4::text
    AND ($5::text[] IS NULL OR $5::text[] <@ string_to_array(f.scope, ' '))
    AND ($6::text[] IS NULL OR $6::text[] <@ f.audience)
    AND u.id = f.user_id AND u.disabled_at IS NULL
  RETURNING ${sessionColumns.sql}`

const verifiedUserText = `
  SELECT 1 FROM users WHERE id = $1::uuid AND password_hash = $2 AND disabled_at IS NULL FOR NO KEY UPDATE`

interface NewFamilyRow extends SessionRow {
  /** How many live families the user had before; by the lock of the user nobody else changes that. */
  live_before: number
}

const newFamilyText = `
  WITH f AS (
    INSERT INTO refresh_token_families
      (id, user_id, client_id, scope, audience, created_at, rotated_at, idle_expires_at, absolute_expires_at,
       access_expires_at, jkt, sign_in_network, address, user_agent)
    SELECT $1::uuid, $2::uuid, $3, $4, $5::text[], now.at, now.at, now.at + make_interval(secs => $6),
      now.at + make_interval(secs => $7), now.at + make_interval(secs => $8), $9, $10, $11, $12
    FROM (SELECT ${databaseNow.sql} AS at) now
    RETURNING *
  ), audited AS (
    INSERT INTO audit_events (type, user_id, session_id, client_id, address, user_agent)
    SELECT $13, f.user_id, f.id, f.client_id, f.address, f.user_agent FROM f
  )
  SELECT ${sessionColumns.sql},
    (SELECT count(*)::int FROM refresh_token_families f WHERE f.user_id = $2::uuid AND ${isLive.sql}) AS live_before
  FROM f JOIN users u ON u.id = f.user_id`

/** Of no user. */
const nobodysId = '00000000-0000-0000-0000-000000000000'

/** Where there is no such account, the sessions of nobody are searched: both searches are one look into one index. */
const acquaintanceText = `
  SELECT EXISTS (
      SELECT FROM refresh_token_families f
      WHERE f.user_id = coalesce(account.id, '${nobodysId}'::uuid) AND f.sign_in_network = $2
        AND f.created_at > now() - interval '30 days'
    ) AS "isKnownNetwork", account.id IS NOT NULL AND account.id = $3::uuid AS "isOwnDevice"
  FROM (SELECT (SELECT id FROM users WHERE username_key = $1) AS id) account`

/** The families in Postgres. Races are settled by the statements themselves; each one says how. */
export function createPrismaRefreshTokenFamilies(
  database: Database,
  hotStatements: HotStatements,
  limits: FamilyLimits
): RefreshTokenFamilies {
  const accessExpiry = Prisma.sql`${databaseNow} + ${seconds(limits.accessTokenTtlSeconds)}`
  const rotation = hotStatements.prepare<SessionRow>(rotationText)
  const verifiedUser = hotStatements.prepare<unknown>(verifiedUserText)
  const acquaintance = hotStatements.prepare<Acquaintance>(acquaintanceText)
  const newFamily = hotStatements.prepare<NewFamilyRow>(newFamilyText)

  return {
    start: (session) => orUnavailable(hotStatements.transaction((connection) => start(connection, session))),
    refresh: (presented) => orUnavailable(refresh(presented)),
    end({ familyId, userId, clientId }, { reason, actorId }) {
      const ofUser = userId === undefined ? Prisma.empty : Prisma.sql`AND f.user_id = ${userId}::uuid`
      const ofClient = clientId === undefined ? Prisma.empty : Prisma.sql`AND f.client_id = ${clientId}`
      const selection = Prisma.sql`f.id = ${familyId}::uuid ${ofUser} ${ofClient}`
      return orUnavailable(endFamilies(database, { selection, reason, actorId }))
    },
    endAll: (userId, cause) =>
      orUnavailable(inTransaction(database, (transaction) => endFamiliesOfUser(transaction, userId, cause))),
    endOthers: (userId, familyId, cause) =>
      orUnavailable(
        inTransaction(database, (transaction) => endOtherFamiliesOfUser(transaction, { userId, familyId }, cause))
      ),
    list: (userId, page) => orUnavailable(list(userId, page)),
    describe: (token) => orUnavailable(describe(token)),
    recognize: (account) => orUnavailable(recognize(account))
  }

  async function start(connection: DatabaseConnection, session: NewSession) {
    const { userId, verifiedPasswordHash, clientId, scope, audience, jkt, network, origin } = session
    // The lock is what disabling the user and changing the password wait for, and what they make this wait for. It also
    // makes two sign-ins of one user take turns, so that the limit of live families is exact.
    const verified = await verifiedUser([userId, verifiedPasswordHash], connection)
    if (verified.length === 0) return undefined
    const type: AuditEventType = 'session.started'
    const familyId = randomUUID()
    const [row] = await newFamily(
      [
        familyId,
        userId,
        clientId,
        scope,
        audience,
        limits.sessionIdleSeconds,
        limits.sessionAbsoluteSeconds,
        limits.accessTokenTtlSeconds,
        jkt ?? null,
        network,
        origin.address,
        origin.userAgent,
        type
      ],
      connection
    )
    const { live_before: liveBefore, ...started } = row as NewFamilyRow
    const entries = liveBefore < limits.sessionsPerUser ? [] : await endSurplus(connection, userId)
    return { session: toSession(started, { familyId, clientId }), entries }
  }

  async function endSurplus(connection: DatabaseConnection, userId: string): Promise<readonly OutboxEntry[]> {
    const selection = Prisma.sql`f.id IN (
      SELECT f.id FROM refresh_token_families f WHERE f.user_id = ${userId}::uuid AND ${isLive}
      ORDER BY f.created_at DESC, f.id DESC OFFSET ${limits.sessionsPerUser})`
    const { text, values } = endingFamilies({ selection, reason: 'session_limit' })
    const { rows } = await connection.query<Omit<OutboxRow, 'id'> & { id: string }>(text, values)
    return endedFamilies(rows.map((row) => ({ ...row, id: BigInt(row.id) }))).entries
  }

  async function refresh(presented: PresentedGeneration): Promise<RefreshOutcome> {
    const rotated = await rotate(presented)
    if (rotated) return { outcome: 'rotated', session: rotated }
    for (;;) {
      const judged = await judge(presented)
      if (judged) return judged
    }
  }

  /**
   * Of any number of parallel presentations one finds the generation unchanged: the others wait for its row lock, look
   * again, and find it moved on.
   */
  async function rotate(presented: PresentedGeneration): Promise<Session | undefined> {
    const { familyId, generation, clientId, jkt, scopes, audience, origin } = presented
    const rows = await rotation([
      familyId,
      generation,
      clientId,
      jkt ?? null,
      scopes ?? null,
      audience ?? null,
      origin.address,
      origin.userAgent,
      limits.accessTokenTtlSeconds,
      limits.sessionIdleSeconds
    ])
    return rows[0] && toSession(rows[0], presented)
  }

  /**
   * For a token that could not rotate: a retry of the last rotation gets the same successor, an older one ends the family
   * together with its denylist entry and its audit event, all in this one statement.
   * @returns `undefined` when somebody else changed the family while the statement waited for it: another look sees that
   */
  async function judge(presented: PresentedGeneration): Promise<RefreshOutcome | undefined> {
    const { familyId, generation, clientId, origin } = presented
    const window = Prisma.sql`CASE WHEN f.jkt IS NULL THEN ${seconds(limits.refreshRetryWindowSeconds)}
      ELSE ${seconds(limits.boundRefreshRetryWindowSeconds)} END`
    const isWithinWindow = Prisma.sql`f.rotated_at > ${databaseNow} - ${window}`
    const isRetry = Prisma.sql`f.generation = ${generation} + 1 AND ${isWithinWindow} AND f.client_id = ${clientId} AND ${isLive}
      AND ${hasKey(presented)} AND ${hasScopes(presented)} AND ${hasAudience(presented)}`
    // A denylist entry lives until the last access token is dead. One of a late retry may live longer than the row says.
    // (By the statement's begin, so that both places below see the same.)
    const needsExtension = Prisma.sql`
      f.access_expires_at + ${seconds(retrySlackSeconds)} < statement_timestamp() + ${seconds(limits.accessTokenTtlSeconds)}`
    const rows = await database.$queryRaw<
      (SessionRow & {
        outcome: RefreshOutcome['outcome'] | 'overtaken'
        entry_id: bigint | null
        entry_expires_at: Date | null
      })[]
    >`
      WITH replayed AS (
        UPDATE refresh_token_families f SET revoked_at = ${databaseNow}, revoked_reason = 'replay'
        WHERE f.id = ${familyId}::uuid AND f.client_id = ${clientId} AND ${isLive} AND ${hasKey(presented)}
          AND (f.generation > ${generation} + 1 OR (f.generation = ${generation} + 1 AND NOT ${isWithinWindow}))
        RETURNING f.*
      ), extended AS (
        UPDATE refresh_token_families f
        SET access_expires_at = ${accessExpiry}
        WHERE f.id = ${familyId}::uuid AND ${isRetry} AND ${needsExtension}
        RETURNING 1
      ), entry AS (
        ${insertEntries} FROM replayed f
        RETURNING id, expires_at
      ), audited AS (
        INSERT INTO audit_events (type, user_id, session_id, client_id, address, user_agent, detail)
        SELECT ${auditEventType('refresh_token.replayed')}, user_id, id, client_id, ${origin.address}, ${origin.userAgent},
          jsonb_build_object('presented_generation', ${generation}::int, 'current_generation', generation)
        FROM replayed
      )
      SELECT ${sessionColumns}, (SELECT id FROM entry) AS entry_id, (SELECT expires_at FROM entry) AS entry_expires_at,
        CASE
          WHEN EXISTS (SELECT FROM replayed) THEN 'replayed'
          WHEN f.client_id <> ${clientId} THEN 'unknown'
          WHEN f.revoked_at IS NOT NULL OR u.disabled_at IS NOT NULL THEN 'revoked'
          WHEN NOT (${isLive}) THEN 'expired'
          WHEN NOT ${hasKey(presented)} THEN 'wrong_key'
          WHEN NOT ${hasScopes(presented)} THEN 'exceeds_scope'
          WHEN NOT ${hasAudience(presented)} THEN 'exceeds_audience'
          WHEN f.generation = ${generation} + 1 AND ${isWithinWindow}
            THEN CASE WHEN EXISTS (SELECT FROM extended) OR NOT ${needsExtension} THEN 'retried' ELSE 'overtaken' END
          ELSE 'unknown'
        END AS outcome
      FROM refresh_token_families f JOIN users u ON u.id = f.user_id
      WHERE f.id = ${familyId}::uuid`
    const [row] = rows
    if (!row) return { outcome: 'unknown' }
    if (row.outcome === 'overtaken') return undefined
    if (row.outcome === 'retried') return { outcome: 'retried', session: toSession(row, presented) }
    if (row.outcome !== 'replayed')
      return { outcome: row.outcome as Exclude<RefreshOutcome['outcome'], 'rotated' | 'retried' | 'replayed'> }
    const entry = { id: row.entry_id as bigint, kind: 'sid', value: familyId, expires_at: row.entry_expires_at as Date }
    return { outcome: 'replayed', sessionId: familyId, entries: [toOutboxEntry(entry)] }
  }

  async function list(
    userId: string,
    { after, limit }: Parameters<RefreshTokenFamilies['list']>[1]
  ): Promise<SessionPage> {
    const isAfter =
      after === undefined
        ? Prisma.empty
        : Prisma.sql`AND (f.created_at, f.id) < (${after.createdAt.toISOString()}::timestamptz, ${after.id}::uuid)`
    const rows = await database.$queryRaw<SessionSummary[]>`
      SELECT f.id, f.client_id AS "clientId", f.created_at AS "createdAt", f.rotated_at AS "lastUsedAt",
        least(f.idle_expires_at, f.absolute_expires_at) AS "expiresAt", f.address, f.user_agent AS "userAgent"
      FROM refresh_token_families f WHERE f.user_id = ${userId}::uuid AND ${isLive} ${isAfter}
      ORDER BY f.created_at DESC, f.id DESC LIMIT ${limit + 1}`
    const sessions = rows.slice(0, limit)
    return { sessions, next: rows.length > limit ? sessions.at(-1) : undefined }
  }

  async function describe({ familyId, generation, clientId }: Parameters<RefreshTokenFamilies['describe']>[0]) {
    const rows = await database.$queryRaw<RefreshTokenDescription[]>`
      SELECT f.user_id AS "userId", u.username, f.scope, f.jkt,
        floor(extract(epoch FROM f.rotated_at))::float8 AS "issuedAt",
        floor(extract(epoch FROM least(f.idle_expires_at, f.absolute_expires_at)))::float8 AS "expiresAt"
      FROM refresh_token_families f JOIN users u ON u.id = f.user_id
      WHERE f.id = ${familyId}::uuid AND f.generation = ${generation} AND f.client_id = ${clientId} AND ${isLive}
        AND u.disabled_at IS NULL`
    return rows[0]
  }

  async function recognize({ usernameKey, network, userId }: Parameters<RefreshTokenFamilies['recognize']>[0]) {
    const [row] = await acquaintance([usernameKey, network, userId ?? nobodysId])
    return row as Acquaintance
  }
}

/**
 * Conditions on the family `f`. It is bound to this very key, or to none and none is proven: a session is bound when it
 * starts or never. Whoever stole an unbound token could else bind the session to a key of their own, and its owner, who
 * has no such key, could no longer show that it was replayed.
 */
function hasKey({ jkt }: PresentedGeneration): Prisma.Sql {
  return Prisma.sql`(f.jkt IS NOT DISTINCT FROM ${jkt ?? null}::text)`
}

/** It has all that is asked for. */
function hasScopes({ scopes }: PresentedGeneration): Prisma.Sql {
  return scopes === undefined ? Prisma.sql`true` : Prisma.sql`${scopes}::text[] <@ string_to_array(f.scope, ' ')`
}

function hasAudience({ audience }: PresentedGeneration): Prisma.Sql {
  return audience === undefined ? Prisma.sql`true` : Prisma.sql`${audience}::text[] <@ f.audience`
}

type SessionRequest = Pick<PresentedGeneration, 'familyId' | 'clientId' | 'scopes' | 'audience'>

function toSession(row: SessionRow, { familyId, clientId, scopes, audience }: SessionRequest): Session {
  return {
    userId: row.user_id,
    username: row.username,
    roles: row.roles,
    clientId,
    sessionId: familyId,
    scope: scopes?.join(' ') ?? row.scope,
    audience: audience ?? row.audience,
    generation: row.generation,
    issuedAt: row.issued_at,
    signingKid: row.signing_kid
  }
}
