import { randomUUID } from 'node:crypto'
import type { AuditEventType } from '@countersign/oauth'
import { Prisma } from '@countersign/prisma'
import type { OutboxEntry } from '../../revocation/revocation-outbox.ts'
import type {
  Acquaintance,
  EndedFamilies,
  NewSession,
  RefreshTokenDescription,
  RefreshTokenFamilies,
  SessionPage,
  SessionSummary,
  StartOutcome
} from '../../sessions/refresh-token-families.ts'
import { credentialsState } from './credentials-state.ts'
import { type Database, type DatabaseConnection, inTransaction, orUnavailable, queryableOn } from './database.ts'
import {
  endedFamilies,
  endFamilies,
  endFamiliesOfUser,
  endingFamilies,
  endOtherFamiliesOfUser,
  type FamiliesToEnd,
  isLive
} from './ending-families.ts'
import { grantExpressions } from './granted-scopes.ts'
import type { TellUser } from './mail-outbox.ts'
import { hasName } from './named-user.ts'
import { cancelDeletion } from './pending-deletions.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import type { RefreshLimits } from './refresh-judgment.ts'
import { createRefreshing } from './refreshing-families.ts'
import { databaseNow, type OutboxRow } from './revocation-entries.ts'
import { pageOf } from './row-pages.ts'
import { type SessionRow, sessionColumns, toSession } from './session-rows.ts'

export interface FamilyLimits extends RefreshLimits {
  readonly sessionAbsoluteSeconds: number
  readonly sessionsPerUser: number
  readonly tellUser: TellUser
}

const verifiedUserText = `
  SELECT deletion_at IS NOT NULL AS "isLeaving" FROM users
  WHERE id = $1::uuid AND ${credentialsState.sql} = $2 AND disabled_at IS NULL FOR NO KEY UPDATE`

interface NewFamilyRow extends SessionRow {
  /** How many live families the user had before; the lock on the user keeps others from changing that. */
  live_before: number
}

/** The request's scopes and resource stand in the new family itself. */
const grant = grantExpressions({
  scopes: Prisma.raw('NULL::text[]'),
  resource: Prisma.raw('NULL::text'),
  issuer: Prisma.raw('$14::text')
})

/** A family is born only if there is something that its first token can be for. */
const newFamilyText = `
  WITH f AS (
    INSERT INTO refresh_token_families
      (id, user_id, client_id, scope, audience, asked_scopes, created_at, rotated_at, idle_expires_at, absolute_expires_at,
       access_expires_at, jkt, sign_in_network, address, user_agent, authenticated_at, acr, amr,
       trusted_device_id)
    SELECT $1::uuid, u.id, $3, array_to_string(${grant.scopes.sql}, ' '), f.audience, f.asked_scopes, now.at, now.at,
      now.at + make_interval(secs => $6), now.at + make_interval(secs => $7), now.at + make_interval(secs => $8), $9, $10, $11, $12,
      least(now.at, $18::timestamptz), $15, $16::text[], $17::uuid
    FROM (SELECT ${databaseNow.sql} AS at) now, (SELECT $4::text[] AS asked_scopes, $5::text[] AS audience) f, users u
    WHERE u.id = $2::uuid AND ${grant.hasTarget.sql} AND ${grant.hasScopes.sql}
    RETURNING *
  ), audited AS (
    INSERT INTO audit_events (type, user_id, session_id, client_id, address, user_agent)
    SELECT $13, f.user_id, f.id, f.client_id, f.address, f.user_agent FROM f
  )
  SELECT ${sessionColumns(grant).sql},
    (SELECT count(*)::int FROM refresh_token_families f WHERE f.user_id = $2::uuid AND ${isLive.sql}) AS live_before
  FROM f JOIN users u ON u.id = f.user_id`

const requested = grantExpressions({
  scopes: Prisma.raw('NULL::text[]'),
  resource: Prisma.raw('$3::text'),
  issuer: Prisma.raw('$4::text')
})

const rightsText = `
  SELECT ${requested.scopes.sql} AS scopes, ${requested.roles.sql} AS roles
  FROM refresh_token_families f JOIN users u ON u.id = f.user_id
  WHERE f.id = $1::uuid AND u.id = $2::uuid AND u.disabled_at IS NULL AND ${isLive.sql} AND ${requested.hasTarget.sql}`

/** Undoes the transaction. */
class ReplacedSessionEnded extends Error {}

/** Of no user. */
const nobodysId = '00000000-0000-0000-0000-000000000000'

/** If the account does not exist, the query searches sessions of a non-existent user: both are one lookup in one index. */
const acquaintanceText = `
  SELECT EXISTS (
      SELECT FROM refresh_token_families f
      WHERE f.user_id = coalesce(account.id, '${nobodysId}'::uuid) AND f.sign_in_network = $2
        AND f.created_at > now() - interval '30 days'
    ) AS "isKnownNetwork", account.id IS NOT NULL AND account.id = $3::uuid AS "isOwnDevice"
  FROM (SELECT (SELECT id FROM users WHERE ${hasName('$1', '$4')}) AS id) account`

/** The families in Postgres. The statements themselves resolve races; the comment at each says how. */
export function createPrismaRefreshTokenFamilies(
  database: Database,
  preparedStatements: PreparedStatements,
  limits: FamilyLimits
): RefreshTokenFamilies {
  const refresh = createRefreshing(database, preparedStatements, limits)
  const verifiedUser = preparedStatements.prepare<{ isLeaving: boolean }>(verifiedUserText)
  const acquaintance = preparedStatements.prepare<Acquaintance>(acquaintanceText)
  const rights = preparedStatements.prepare<{ scopes: string[]; roles: string[] | null }>(rightsText)
  const newFamily = preparedStatements.prepare<NewFamilyRow>(newFamilyText)

  return {
    start: (session) =>
      orUnavailable(preparedStatements.transaction((connection) => start(connection, session))).catch((error) => {
        if (error instanceof ReplacedSessionEnded) return { outcome: 'session_ended' }
        throw error
      }),
    refresh: (presented) => orUnavailable(refresh(presented)),
    async rightsAt({ familyId, userId, resource }) {
      const [row] = await orUnavailable(rights([familyId, userId, resource, limits.issuer]))
      return row && { scopes: row.scopes, roles: row.roles ?? undefined }
    },
    async grantOf({ familyId, userId }) {
      const [row] = await orUnavailable(
        database.$queryRaw<{ client_id: string; audience: string[]; asked_scopes: string[] | null }[]>`
          SELECT f.client_id, f.audience, f.asked_scopes FROM refresh_token_families f
          WHERE f.id = ${familyId}::uuid AND f.user_id = ${userId}::uuid AND ${isLive}`
      )
      return row && { clientId: row.client_id, audience: row.audience, scopes: row.asked_scopes ?? undefined }
    },
    end({ familyId, userId }, { reason, actorId }) {
      const ofUser = userId === undefined ? Prisma.empty : Prisma.sql`AND f.user_id = ${userId}::uuid`
      const selection = Prisma.sql`f.id = ${familyId}::uuid ${ofUser}`
      return orUnavailable(endFamilies(database, { selection, reason, actorId }))
    },
    endPresented: (presented, cause) => orUnavailable(endPresented(presented, cause)),
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

  /** The key of a family never changes, so the second statement sees the same one as the first. */
  async function endPresented(
    { familyId, clientId, jkt }: Parameters<RefreshTokenFamilies['endPresented']>[0],
    cause: Parameters<RefreshTokenFamilies['endPresented']>[1]
  ): Promise<EndedFamilies | undefined> {
    const ofClient = clientId === undefined ? Prisma.empty : Prisma.sql`AND f.client_id = ${clientId}`
    const hasKey = Prisma.sql`coalesce(f.jkt = ${jkt ?? null}::text, f.jkt IS NULL)`
    const selection = Prisma.sql`f.id = ${familyId}::uuid ${ofClient}`
    const ended = await endFamilies(database, { selection: Prisma.sql`${selection} AND ${hasKey}`, ...cause })
    if (ended.ended > 0) return ended
    const ofOtherKey = await database.$queryRaw<unknown[]>`
      SELECT 1 FROM refresh_token_families f WHERE ${selection} AND ${isLive} AND NOT ${hasKey}`
    return ofOtherKey.length === 0 ? ended : undefined
  }

  async function start(connection: DatabaseConnection, session: NewSession): Promise<StartOutcome> {
    const { userId, clientId, audience, scopes, jkt, network, origin, authentication, replacedSessionId } = session
    // The lock is what disabling the user and changing a credential wait for, and what they make this wait for. It also
    // makes two sign-ins of one user take turns, so that the limit of live families is exact.
    const [verified] = await verifiedUser([userId, session.credentialsState], connection)
    if (!verified) return { outcome: 'user_changed' }
    const type: AuditEventType = 'session.started'
    const familyId = randomUUID()
    const [row] = await newFamily(
      [
        familyId,
        userId,
        clientId,
        scopes ?? null,
        audience,
        limits.sessionIdleSeconds,
        limits.sessionAbsoluteSeconds,
        limits.accessTokenTtlSeconds,
        jkt ?? null,
        network,
        origin.address,
        origin.userAgent,
        type,
        limits.issuer,
        authentication.acr,
        authentication.amr,
        session.trustedDeviceId ?? null,
        authentication.at ?? null
      ],
      connection
    )
    if (!row) return { outcome: (await isRegistered(connection, audience)) ? 'exceeds_scope' : 'exceeds_audience' }
    if (verified.isLeaving) {
      await cancelDeletion(queryableOn(connection), limits.tellUser, { userId, sessionId: familyId, origin })
    }
    const { live_before: liveBefore, ...started } = row
    const replaced = replacedSessionId === undefined ? [] : await endReplaced(connection, userId, replacedSessionId)
    const surplus = liveBefore - replaced.length < limits.sessionsPerUser ? [] : await endSurplus(connection, userId)
    const entries = [...replaced, ...surplus]
    return { outcome: 'started', session: toSession(started, { familyId, clientId }), entries }
  }

  async function isRegistered(connection: DatabaseConnection, audience: readonly string[]): Promise<boolean> {
    const { rows } = await connection.query('SELECT 1 FROM apis WHERE identifier = ANY($1::text[])', [audience])
    return rows.length > 0 || audience.includes(limits.issuer)
  }

  async function endSurplus(connection: DatabaseConnection, userId: string): Promise<readonly OutboxEntry[]> {
    const selection = Prisma.sql`f.id IN (
      SELECT f.id FROM refresh_token_families f WHERE f.user_id = ${userId}::uuid AND ${isLive}
      ORDER BY f.created_at DESC, f.id DESC OFFSET ${limits.sessionsPerUser})`
    return endOn(connection, { selection, reason: 'session_limit' })
  }

  async function endReplaced(connection: DatabaseConnection, userId: string, sessionId: string) {
    const selection = Prisma.sql`f.id = ${sessionId}::uuid AND f.user_id = ${userId}::uuid AND ${isLive}`
    const entries = await endOn(connection, { selection, reason: 'reauthenticated' })
    if (entries.length === 0) throw new ReplacedSessionEnded()
    return entries
  }

  async function endOn(connection: DatabaseConnection, families: FamiliesToEnd): Promise<readonly OutboxEntry[]> {
    const { text, values } = endingFamilies(families)
    const { rows } = await connection.query<Omit<OutboxRow, 'id'> & { id: string }>(text, values)
    return endedFamilies(rows.map((row) => ({ ...row, id: BigInt(row.id) }))).entries
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
    const { page: sessions, last: next } = pageOf(rows, limit)
    return { sessions, next }
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

  async function recognize({
    usernameKey,
    emailKey,
    network,
    userId
  }: Parameters<RefreshTokenFamilies['recognize']>[0]) {
    const [row] = await acquaintance([usernameKey ?? '', network, userId ?? nobodysId, emailKey ?? null])
    return row as Acquaintance
  }
}
