import { adminRole } from '../../accounts/first-admin.ts'
import type { Queryable } from './database.ts'

/**
 * Whether the actor of a change is still an admin: while the transaction waited, another admin may have changed that. Without
 * an actor, it is the operator at the command line or a schedule, which need no role.
 */
export async function mayAdminister(transaction: Queryable, actorId: string | undefined): Promise<boolean> {
  if (actorId === undefined) return true
  const rows = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM users WHERE id = ${actorId}::uuid AND ${adminRole} = ANY(roles) AND disabled_at IS NULL`
  return rows.length > 0
}
