import { Prisma } from '@countersign/prisma'
import { batchRotations } from '../../sessions/batch-rotations.ts'
import type { PresentedGeneration, RefreshOutcome, Session } from '../../sessions/refresh-token-families.ts'
import type { Database } from './database.ts'
import { isLive } from './ending-families.ts'
import { grantExpressions } from './granted-scopes.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { createRefreshDecision, type RefreshLimits } from './refresh-decision.ts'
import { databaseNow } from './revocation-entries.ts'
import { type SessionRow, sessionColumns, toSession } from './session-rows.ts'
import { isFull, isPaused, listAfterRotation } from './used-generations.ts'

/** Expressions of what a rotation needs: parameters, or columns of a batch. */
interface RotationExpressions {
  readonly familyId: string
  readonly generation: string
  readonly clientId: string
  readonly jkt: string
  readonly scopes: string
  readonly resource: string
  readonly address: string
  readonly userAgent: string
  readonly accessSeconds: string
  readonly idleSeconds: string
  readonly doubleWindowSeconds: string
  readonly issuer: string
}

/** The statement has one text for every presentation: a key, scopes or a resource that is absent is NULL. */
const aloneExpressions: RotationExpressions = {
  familyId: '$1::uuid',
  generation: '$2',
  clientId: '$3',
  jkt: '$4::text',
  scopes: '$5::text[]',
  resource: '$6::text',
  address: '$7',
  userAgent: '$8',
  accessSeconds: '$9',
  idleSeconds: '$10',
  doubleWindowSeconds: '$11',
  issuer: '$12::text'
}

/** A column of one of the presentations. */
const column = (name: string) => `p.${name}`

/** Those that narrow nothing: an array of arrays could not have rows of different lengths. */
const batchExpressions: RotationExpressions = {
  familyId: column('id'),
  generation: column('generation'),
  clientId: column('client_id'),
  jkt: column('jkt'),
  scopes: 'NULL::text[]',
  resource: 'NULL::text',
  address: column('address'),
  userAgent: column('user_agent'),
  accessSeconds: '$7',
  idleSeconds: '$8',
  doubleWindowSeconds: '$9',
  issuer: '$10::text'
}

/** The rotation of nearly every refresh: the previous one is more than two windows ago, so the list of uses is cleared. */
const calm = (doubleWindow: Prisma.Sql) => ({
  ...listAfterRotation(doubleWindow).afterPause,
  isPossible: isPaused(doubleWindow)
})
const inBurst = (doubleWindow: Prisma.Sql) => ({
  ...listAfterRotation(doubleWindow).inBurst,
  isPossible: Prisma.sql`NOT ${isFull(doubleWindow)}`
})

function rotationParts(of: RotationExpressions, kind: typeof calm) {
  const { generations, times, isPossible } = kind(Prisma.raw(`make_interval(secs => ${of.doubleWindowSeconds})`))
  const grant = grantExpressions({
    scopes: Prisma.raw(of.scopes),
    resource: Prisma.raw(of.resource),
    issuer: Prisma.raw(of.issuer)
  })
  return {
    update: `UPDATE refresh_token_families f
      SET generation = f.generation + 1, rotated_at = ${databaseNow.sql},
        used_generations = ${generations.sql}, used_at = ${times.sql}, uses_generation = f.generation + 1,
        idle_expires_at = ${databaseNow.sql} + make_interval(secs => ${of.idleSeconds}),
        access_expires_at = greatest(f.access_expires_at, ${databaseNow.sql} + make_interval(secs => ${of.accessSeconds})),
        address = ${of.address}, user_agent = ${of.userAgent}`,
    where: `f.id = ${of.familyId} AND f.generation = ${of.generation} AND f.client_id = ${of.clientId} AND ${isLive.sql}
        AND f.jkt IS NOT DISTINCT FROM ${of.jkt}
        AND ${isPossible.sql}
        AND u.id = f.user_id AND u.disabled_at IS NULL
        AND ${grant.hasTarget.sql} AND ${grant.hasScopes.sql}`,
    returning: sessionColumns(grant).sql
  }
}

function rotationText(kind: typeof calm): string {
  const { update, where, returning } = rotationParts(aloneExpressions, kind)
  return `${update} FROM users u WHERE ${where} RETURNING ${returning}`
}

/**
 * One row for each family that rotated. A row that another statement has locked is left out, so that it does not hold up the
 * others, whose rights would be those of before the wait. The planner is not shown how many there are: it would plan each batch.
 */
function batchText(kind: typeof calm): string {
  const { update, where, returning } = rotationParts(batchExpressions, kind)
  return `WITH p AS MATERIALIZED (
      SELECT * FROM unnest((SELECT $1::uuid[]), (SELECT $2::int[]), (SELECT $3::text[]), (SELECT $4::text[]), (SELECT $5::text[]),
        (SELECT $6::text[])) AS p (id, generation, client_id, jkt, address, user_agent)
    ), locked AS MATERIALIZED (
      SELECT one.id FROM p CROSS JOIN LATERAL (
        SELECT f.id FROM refresh_token_families f WHERE f.id = p.id FOR NO KEY UPDATE SKIP LOCKED
      ) one
    )
    ${update} FROM locked l JOIN p ON p.id = l.id, users u WHERE ${where} RETURNING ${returning}, f.id AS family_id`
}

/** Advances a family, or says why not: usually with one statement, which is one round trip. */
export function createRefreshing(
  database: Database,
  preparedStatements: PreparedStatements,
  limits: RefreshLimits
): (presented: PresentedGeneration) => Promise<RefreshOutcome> {
  const calmRotation = preparedStatements.prepare<SessionRow>(rotationText(calm))
  const burstRotation = preparedStatements.prepare<SessionRow>(rotationText(inBurst))
  // Clients refresh once in the lifetime of an access token.
  const expectsPause = limits.accessTokenTtlSeconds > 2 * limits.refreshRetryWindowSeconds
  const batchRotation = preparedStatements.prepare<BatchRow>(batchText(expectsPause ? calm : inBurst))
  const decide = createRefreshDecision(database, limits)
  const times = [limits.accessTokenTtlSeconds, limits.sessionIdleSeconds, 2 * limits.refreshRetryWindowSeconds]

  const rotateBatched = batchRotations({ alone: refreshAlone, together: rotateTogether, goesAloneAfter })
  return (presented) =>
    presented.scopes === undefined && presented.resource === undefined
      ? rotateBatched(presented)
      : refreshAlone(presented)

  async function refreshAlone(presented: PresentedGeneration): Promise<RefreshOutcome> {
    for (;;) {
      const session = await rotate(presented)
      if (session) return { outcome: 'rotated', session }
      const outcome = await decide(presented)
      if (outcome) return outcome
    }
  }

  /**
   * Of many parallel presentations, one finds the generation unchanged; the others wait for its row lock, check again, and
   * find it advanced. The user's roles are those of the statement's start, before it waited: a role that was given meanwhile
   * shows at the next refresh, and a role that was taken has ended the session.
   */
  async function rotate(presented: PresentedGeneration): Promise<Session | undefined> {
    const { familyId, generation, clientId, jkt, scopes, resource, origin } = presented
    const values = [
      familyId,
      generation,
      clientId,
      jkt ?? null,
      scopes ?? null,
      resource ?? null,
      origin.address,
      origin.userAgent,
      ...times,
      limits.issuer
    ]
    const [row = (await burstRotation(values))[0]] = expectsPause ? await calmRotation(values) : []
    return row && toSession(row, presented)
  }

  async function rotateTogether(batch: readonly PresentedGeneration[]): Promise<(RefreshOutcome | undefined)[]> {
    const rows = await batchRotation([
      batch.map(({ familyId }) => familyId),
      batch.map(({ generation }) => generation),
      batch.map(({ clientId }) => clientId),
      batch.map(({ jkt }) => jkt ?? null),
      batch.map(({ origin }) => origin.address),
      batch.map(({ origin }) => origin.userAgent),
      ...times,
      limits.issuer
    ])
    const rowOf = new Map(rows.map((row) => [row.family_id, row]))
    return batch.map((presented) => {
      const row = rowOf.get(presented.familyId)
      return row && { outcome: 'rotated', session: toSession(row, presented) }
    })
  }
}

interface BatchRow extends SessionRow {
  family_id: string
}

/**
 * Postgres itself said that the statement failed, and so has rolled it back; and not for want of time, memory or a primary, which each
 * alone would want as well.
 */
function goesAloneAfter(error: unknown): boolean {
  const { severity, code } = error as { severity?: string; code?: string }
  return severity === 'ERROR' && code !== undefined && !/^(25|53|55|57|58)/.test(code)
}
