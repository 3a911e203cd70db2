import { randomUUID } from 'node:crypto'
import type { AuditEventType } from '@countersign/oauth'
import { Prisma } from '@countersign/prisma'
import { firstPartyClientId } from '../../clients/client-rules.ts'
import type { OutboxEntry } from '../../revocation/revocation-outbox.ts'
import type { NewSession, StartOutcome } from '../../sessions/refresh-token-families.ts'
import { userinfoAudience } from '../../tokens/identity-scopes.ts'
import { credentialsState } from './credentials-state.ts'
import { type DatabaseConnection, queryableOn } from './database.ts'
import { endFamilies, isLive } from './ending-families.ts'
import { grantExpressions } from './granted-scopes.ts'
import type { TellUser } from './mail-outbox.ts'
import { cancelDeletion } from './pending-deletions.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import type { RefreshLimits } from './refresh-decision.ts'
import { databaseNow } from './revocation-entries.ts'
import { endGroup } from './session-groups.ts'
import { type SessionRow, sessionColumns, toSession } from './session-rows.ts'

export interface FamilyLimits extends RefreshLimits {
  readonly sessionAbsoluteSeconds: number
  readonly sessionsPerUser: number
  readonly tellUser: TellUser
}

/** The most live sessions of a user at another client than the issuer itself; past it the oldest of that client ends. */
const sessionsPerClient = 20

const verifiedUserText = `
  SELECT deletion_at IS NOT NULL AS "isLeaving" FROM users
  WHERE id = $1::uuid AND ${credentialsState.sql} = $2 AND disabled_at IS NULL FOR NO KEY UPDATE`

interface NewFamilyRow extends SessionRow {
  /** How many live families of its kind the user had at this client before; the lock on the user keeps others from changing that. */
  live_before: number
}

/** The request's scopes and resource stand in the new family itself. */
const grant = grantExpressions({
  scopes: Prisma.raw('NULL::text[]'),
  resource: Prisma.raw('NULL::text'),
  issuer: Prisma.raw('$14::text')
})

/** No session outlasts that of the browser in which it was started, unless it has offline_access. */
const browserEnd = `
  SELECT b.absolute_expires_at AS ends_at FROM refresh_token_families b
  WHERE b.id = $19::uuid AND NOT 'offline_access' = ANY($20::text[])`

/** Those without a refresh token are limited apart: they must not end those with one. */
const isShort = Prisma.sql`(f.idle_expires_at = f.access_expires_at)`

/** A family is born only if there is something that its first token can be for. */
const newFamilyText = `
  WITH f AS (
    INSERT INTO refresh_token_families
      (id, user_id, client_id, scope, audience, asked_scopes, created_at, rotated_at, idle_expires_at, absolute_expires_at,
       access_expires_at, jkt, sign_in_network, address, user_agent, authenticated_at, acr, amr,
       trusted_device_id, session_id, identity_scopes)
    SELECT $1::uuid, u.id, f.client_id, array_to_string(${grant.scopes.sql}, ' '), f.audience, f.asked_scopes, now.at, now.at,
      now.at + make_interval(secs => $6), least(now.at + make_interval(secs => $7), browser.ends_at), now.at + make_interval(secs => $8), $9, $10, $11, $12,
      least(now.at, $18::timestamptz), $15, $16::text[], $17::uuid, $19::uuid, $20::text[]
    FROM (SELECT ${databaseNow.sql} AS at) now, (SELECT $3::text AS client_id, $4::text[] AS asked_scopes, $5::text[] AS audience) f,
      users u LEFT JOIN LATERAL (${browserEnd}) browser ON true
    WHERE u.id = $2::uuid AND ${grant.hasTarget.sql} AND ${grant.hasScopes.sql}
    RETURNING *
  ), audited AS (
    INSERT INTO audit_events (type, user_id, session_id, client_id, address, user_agent)
    SELECT $13, f.user_id, f.id, f.client_id, f.address, f.user_agent FROM f
  )
  SELECT ${sessionColumns(grant).sql},
    (SELECT count(*)::int FROM refresh_token_families f WHERE f.user_id = $2::uuid AND f.client_id = $3::text AND ${isLive.sql}
      AND ${isShort.sql} = ($6::float8 = $8::float8)) AS live_before
  FROM f JOIN users u ON u.id = f.user_id`

/**
 * What belongs to a session of the browser moves to the one that replaces it. Requests before codes: of one that is being
 * completed the code is there then. A code that is being exchanged is passed by, since that waits for the user.
 */
const followingTexts = [
  `UPDATE refresh_token_families SET session_id = $3::uuid WHERE session_id = $2::uuid AND user_id = $1::uuid AND revoked_at IS NULL`,
  `UPDATE authorization_requests SET session_id = $3::uuid WHERE session_id = $2::uuid AND user_id = $1::uuid`,
  `UPDATE authorization_codes SET session_id = $3::uuid WHERE code_hash IN (
    SELECT code_hash FROM authorization_codes WHERE session_id = $2::uuid AND user_id = $1::uuid AND used_at IS NULL
    FOR UPDATE SKIP LOCKED)`
]

/** Undoes the transaction. */
export class ReplacedSessionEnded extends Error {}

/** Starts a family in a transaction of its own statements. @throws {ReplacedSessionEnded} which has to undo the transaction */
export type FamilyStart = (
  connection: DatabaseConnection,
  session: NewSession,
  familyId?: string
) => Promise<StartOutcome>

export function createFamilyStart(preparedStatements: PreparedStatements, limits: FamilyLimits): FamilyStart {
  const verifiedUser = preparedStatements.prepare<{ isLeaving: boolean }>(verifiedUserText)
  const newFamily = preparedStatements.prepare<NewFamilyRow>(newFamilyText)
  return start

  async function start(
    connection: DatabaseConnection,
    session: NewSession,
    familyId: string = randomUUID()
  ): Promise<StartOutcome> {
    const { userId, clientId, audience, scopes, jkt, network, origin, authentication, replacedSessionId } = session
    // The lock is what disabling the user and changing a credential wait for, and what they make this wait for. It also
    // makes two sign-ins of one user take turns, so that the limit of live families is exact.
    const [verified] = await verifiedUser([userId, session.credentialsState], connection)
    if (!verified) return { outcome: 'user_changed' }
    const type: AuditEventType = 'session.started'
    const hasNoRefreshToken = session.isRefreshable === false
    const idleSeconds = hasNoRefreshToken ? limits.accessTokenTtlSeconds : limits.sessionIdleSeconds
    const [row] = await newFamily(
      [
        familyId,
        userId,
        clientId,
        scopes ?? null,
        audience,
        idleSeconds,
        hasNoRefreshToken && !session.hasReceiver ? limits.accessTokenTtlSeconds : limits.sessionAbsoluteSeconds,
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
        authentication.at ?? null,
        session.browserSessionId ?? null,
        session.identityScopes ?? []
      ],
      connection
    )
    if (!row) return { outcome: (await isRegistered(connection, audience)) ? 'exceeds_scope' : 'exceeds_audience' }
    if (verified.isLeaving) {
      await cancelDeletion(queryableOn(connection), limits.tellUser, { userId, sessionId: familyId, origin })
    }
    const { live_before: liveBefore, ...started } = row
    const replaced =
      replacedSessionId === undefined ? [] : await endReplaced(connection, userId, replacedSessionId, familyId)
    const most =
      clientId === firstPartyClientId ? limits.sessionsPerUser : Math.min(sessionsPerClient, limits.sessionsPerUser)
    const surplus =
      liveBefore - replaced.length < most
        ? []
        : await endSurplus(connection, session, most, idleSeconds === limits.accessTokenTtlSeconds)
    const entries = [...replaced, ...surplus]
    return { outcome: 'started', session: toSession(started, { familyId, clientId }), entries }
  }

  async function isRegistered(connection: DatabaseConnection, audience: readonly string[]): Promise<boolean> {
    const { rows } = await connection.query('SELECT 1 FROM apis WHERE identifier = ANY($1::text[])', [audience])
    return rows.length > 0 || [limits.issuer, userinfoAudience(limits.issuer)].some((one) => audience.includes(one))
  }

  async function endSurplus(
    connection: DatabaseConnection,
    { userId, clientId }: NewSession,
    most: number,
    isOfShort: boolean
  ): Promise<readonly OutboxEntry[]> {
    const selection = Prisma.sql`f.id IN (
      SELECT f.id FROM refresh_token_families f WHERE f.user_id = ${userId}::uuid AND f.client_id = ${clientId} AND ${isLive}
        AND ${isShort} = ${isOfShort}
      ORDER BY f.created_at DESC, f.id DESC OFFSET ${most})`
    const reason = 'session_limit'
    const surplus = await endFamilies(queryableOn(connection), { selection, reason })
    const entries = [...surplus.entries]
    // Usually of one session. What does not fit into a batch is ended in the background.
    for (const { value } of surplus.entries) {
      const apps = await endGroup(queryableOn(connection), { browserSessionId: value }, { reason })
      entries.push(...apps.entries)
    }
    return entries
  }

  async function endReplaced(connection: DatabaseConnection, userId: string, sessionId: string, nextId: string) {
    const selection = Prisma.sql`f.id = ${sessionId}::uuid AND f.user_id = ${userId}::uuid AND ${isLive}`
    const { entries } = await endFamilies(queryableOn(connection), { selection, reason: 'reauthenticated' })
    if (entries.length === 0) throw new ReplacedSessionEnded()
    for (const text of followingTexts) await connection.query(text, [userId, sessionId, nextId])
    return entries
  }
}
