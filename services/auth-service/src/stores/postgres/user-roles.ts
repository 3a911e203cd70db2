import type { Queryable } from './database.ts'

/** Makes changes of users and their roles take turns, so that two of them cannot take the last admin away together. */
const administrationLockId = 4_010_204

export async function lockUserAdministration(transaction: Queryable): Promise<void> {
  await transaction.$queryRaw`SELECT pg_advisory_xact_lock(${administrationLockId}::bigint)::text`
}

/** A role that a user is given is there, though it holds nothing yet. */
export async function ensureRoles(transaction: Queryable, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  await transaction.$executeRaw`
    INSERT INTO roles (name) SELECT unnest(${names}::text[]) ORDER BY 1 ON CONFLICT (name) DO NOTHING`
}
