import { adminRole } from '../../accounts/first-admin.ts'
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

/** Rolls the transaction back. */
export class LastAdminError extends Error {}

/** What says whether a user administers. */
interface AdminFacts {
  readonly roles: readonly string[]
  readonly disabled_at: Date | null
  readonly deletion_at: Date | null
}

export function administers({ roles, disabled_at, deletion_at }: AdminFacts): boolean {
  return disabled_at === null && deletion_at === null && roles.includes(adminRole)
}

/** @throws {LastAdminError} when no admin is left who is enabled and stays */
export async function requireAnotherAdmin(transaction: Queryable): Promise<void> {
  const others = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM users WHERE ${adminRole} = ANY(roles) AND disabled_at IS NULL AND deletion_at IS NULL LIMIT 1`
  if (others.length === 0) throw new LastAdminError()
}
