import { adminRole } from '../../accounts/first-admin.ts'
import type { Queryable } from './database.ts'

/**
 * Whether the actor of a change may still do so: while a transaction waited for its turn, another admin may have ended
 * them. Without an actor it is the operator at the command line, or a schedule, which need no role.
 */
export async function mayAdminister(transaction: Queryable, actorId: string | undefined): Promise<boolean> {
  if (actorId === undefined) return true
  const rows = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM users WHERE id = ${actorId}::uuid AND ${adminRole} = ANY(roles) AND disabled_at IS NULL`
  return rows.length > 0
}
