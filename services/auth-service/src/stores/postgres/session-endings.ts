import { Prisma } from '@countersign/prisma'
import type { EndedBatch, SessionEndings } from '../../sessions/session-endings.ts'
import { type Database, inTransaction, orUnavailable, type Queryable, statementTimeoutMs } from './database.ts'
import { endFamilies, isLive } from './ending-families.ts'
import { rolesOfUser } from './granted-scopes.ts'
import { databaseNow, seconds } from './revocation-entries.ts'

/** Scopes of one API that roles have lost. */
export interface LostScopes {
  readonly roles: readonly string[]
  readonly api: string
  readonly scopes: readonly string[]
}

/** Keeps, in the transaction that takes scopes away, that sessions have to end for it. */
export async function recordSessionEnding(
  transaction: Queryable,
  { roles, api, scopes }: LostScopes,
  actorId: string | undefined
): Promise<void> {
  if (roles.length === 0 || scopes.length === 0) return
  await transaction.$executeRaw`
    INSERT INTO session_endings (roles, api, scopes, actor_id) VALUES (${roles}, ${api}, ${scopes}, ${actorId ?? null}::uuid)`
}

interface EndingRow {
  id: bigint
  roles: string[]
  api: string
  scopes: string[]
  actor_id: string | null
  /** Text, since a JavaScript date has no microseconds. */
  created_at: string
}

/** A sign-in that began before the change was committed may still have seen the scope; none takes longer. */
const graceSeconds = statementTimeoutMs / 1000 + 1
const isPastGrace = Prisma.sql`created_at + ${seconds(graceSeconds)} < ${databaseNow}`

/** Replicas and commands take turns: each waits for the one that works on the same row. */
export function createPrismaSessionEndings(database: Database): SessionEndings {
  return {
    endBatch: (limit) => orUnavailable(inTransaction(database, (transaction) => endBatch(transaction, limit)))
  }
}

async function endBatch(transaction: Queryable, limit: number): Promise<EndedBatch> {
  const [ending] = await transaction.$queryRaw<EndingRow[]>`
    SELECT id, roles, api, scopes, actor_id, created_at::text FROM session_endings
    WHERE NOT swept OR ${isPastGrace} ORDER BY id LIMIT 1 FOR UPDATE`
  if (!ending) return { ended: 0, hasMore: false, entries: [] }
  const { ended, entries } = await endFamilies(transaction, {
    // Passing by what somebody else holds, so that no two wait for each other. An array is made once; a subquery under IN may be run
    // for each row, with its LIMIT each time.
    selection: Prisma.sql`f.id = ANY(ARRAY(
      ${concernedFamilies(ending)} ORDER BY f.id LIMIT ${limit} FOR NO KEY UPDATE OF f SKIP LOCKED))`,
    reason: 'scope_removed',
    actorId: ending.actor_id ?? undefined
  })
  const isDone =
    ended < limit && (await transaction.$queryRaw<unknown[]>`${concernedFamilies(ending)} LIMIT 1`).length === 0
  if (isDone) {
    await transaction.$executeRaw`DELETE FROM session_endings WHERE id = ${ending.id} AND ${isPastGrace}`
    await transaction.$executeRaw`UPDATE session_endings SET swept = true WHERE id = ${ending.id}`
  }
  return { ended, hasMore: true, entries }
}

/**
 * Of users who have one of the roles, and hold one of the scopes by no other role: those that were there, and those that were
 * given one of them since, by a sign-in that was under way.
 */
function concernedFamilies({ roles, api, scopes, created_at: at }: EndingRow): Prisma.Sql {
  // The moments of families are rounded to a millisecond.
  return Prisma.sql`
    SELECT f.id FROM refresh_token_families f JOIN users u ON u.id = f.user_id
    WHERE ${rolesOfUser} && ${roles}::text[] AND ${isLive}
      AND (f.created_at <= ${at}::timestamptz + interval '1 millisecond' OR (
        f.created_at <= ${at}::timestamptz + ${seconds(graceSeconds)} AND ${api} = ANY(f.audience)
        AND string_to_array(f.scope, ' ') && ${scopes}::text[]))
      AND EXISTS (
        SELECT FROM unnest(${scopes}::text[]) lost (scope) WHERE NOT EXISTS (
          SELECT FROM role_scopes rs WHERE rs.role = ANY(${rolesOfUser}) AND rs.api = ${api} AND rs.scope = lost.scope))`
}
