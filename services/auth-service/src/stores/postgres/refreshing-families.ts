import { Prisma } from '@countersign/prisma'
import type { PresentedGeneration, RefreshOutcome, Session } from '../../sessions/refresh-token-families.ts'
import type { Database } from './database.ts'
import { isLive } from './ending-families.ts'
import { grantExpressions } from './granted-scopes.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { createRefreshJudgment, type RefreshLimits } from './refresh-judgment.ts'
import { databaseNow } from './revocation-entries.ts'
import { type SessionRow, sessionColumns, toSession } from './session-rows.ts'
import { isFull, isPaused, listAfterRotation, type UsedGenerations } from './used-generations.ts'

const doubleWindow = Prisma.raw('make_interval(secs => $11)')
const list = listAfterRotation(doubleWindow)
const grant = grantExpressions({
  scopes: Prisma.raw('$5::text[]'),
  resource: Prisma.raw('$6::text'),
  issuer: Prisma.raw('$12::text')
})

/** With one text for every presentation: a key, scopes or a resource that is absent is NULL. */
const rotationText = ({ generations, times }: UsedGenerations, isPossible: Prisma.Sql) => `
  UPDATE refresh_token_families f
  SET generation = f.generation + 1, rotated_at = ${databaseNow.sql},
    used_generations = ${generations.sql}, used_at = ${times.sql}, uses_generation = f.generation + 1,
    idle_expires_at = ${databaseNow.sql} + make_interval(secs => $10),
    access_expires_at = greatest(f.access_expires_at, ${databaseNow.sql} + make_interval(secs => $9)),
    address = $7, user_agent = $8
  FROM users u
  WHERE f.id = $1::uuid AND f.generation = $2 AND f.client_id = $3 AND ${isLive.sql}
    AND f.jkt IS NOT DISTINCT FROM $4::text
    AND ${isPossible.sql}
    AND u.id = f.user_id AND u.disabled_at IS NULL
    AND ${grant.hasTarget.sql} AND ${grant.hasScopes.sql}
  RETURNING ${sessionColumns(grant).sql}`

/** The rotation of nearly every refresh: the previous one is more than two windows ago, so the list of uses is cleared. */
const calmRotationText = rotationText(list.afterPause, isPaused(doubleWindow))
const burstRotationText = rotationText(list.inBurst, Prisma.sql`NOT ${isFull(doubleWindow)}`)

/** Advances a family, or says why not: usually with one statement, which is one round trip. */
export function createRefreshing(
  database: Database,
  preparedStatements: PreparedStatements,
  limits: RefreshLimits
): (presented: PresentedGeneration) => Promise<RefreshOutcome> {
  const calmRotation = preparedStatements.prepare<SessionRow>(calmRotationText)
  const burstRotation = preparedStatements.prepare<SessionRow>(burstRotationText)
  // Clients refresh once in the life of an access token.
  const expectsPause = limits.accessTokenTtlSeconds > 2 * limits.refreshRetryWindowSeconds
  const judge = createRefreshJudgment(database, limits)

  return async function refresh(presented) {
    for (;;) {
      const session = await rotate(presented)
      if (session) return { outcome: 'rotated', session }
      const judged = await judge(presented)
      if (judged) return judged
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
      limits.accessTokenTtlSeconds,
      limits.sessionIdleSeconds,
      2 * limits.refreshRetryWindowSeconds,
      limits.issuer
    ]
    const [row = (await burstRotation(values))[0]] = expectsPause ? await calmRotation(values) : []
    return row && toSession(row, presented)
  }
}
