import { Prisma } from '@countersign/prisma'
import type { ExpiredKind, ExpiredRows } from '../../housekeeping/housekeeping.ts'
import { type Database, inTransaction, orUnavailable } from './database.ts'
import { maxEntryLifeSeconds } from './ending-families.ts'
import { seconds } from './revocation-entries.ts'

const housekeepingLockId = 4_010_205

export interface RetentionOptions {
  readonly auditRetentionDays: number
}

/**
 * Rows are found by an index, and locked rows are skipped: nobody waits for housekeeping. Its own lock is tried without
 * waiting, so that one replica at a time works.
 */
export function createPrismaExpiredRows(database: Database, { auditRetentionDays }: RetentionOptions): ExpiredRows {
  const statements: Record<ExpiredKind, (limit: number) => Prisma.Sql> = {
    // A revoked family is kept until it would have expired, to tell replays from garbage until then.
    families: (limit) => Prisma.sql`
      DELETE FROM refresh_token_families WHERE id IN (
        SELECT id FROM refresh_token_families WHERE absolute_expires_at < now() - ${seconds(maxEntryLifeSeconds)}
        ORDER BY absolute_expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`,
    revocations: (limit) => Prisma.sql`
      DELETE FROM revocations WHERE id IN (
        SELECT id FROM revocations WHERE expires_at < now() ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`,
    // Two days: one day is shown, and the clocks of replicas may differ.
    activity: (limit) => Prisma.sql`
      DELETE FROM activity WHERE (minute, kind, outcome, replica) IN (
        SELECT minute, kind, outcome, replica FROM activity WHERE minute < now() - interval '2 days'
        ORDER BY minute LIMIT ${limit} FOR UPDATE SKIP LOCKED)`,
    audit_events: (limit) => Prisma.sql`
      DELETE FROM audit_events WHERE id IN (
        SELECT id FROM audit_events WHERE at < now() - ${seconds(auditRetentionDays * 86_400)}
        ORDER BY at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
  }
  return {
    removeBatch: (kind, limit) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          const [lock] = await transaction.$queryRaw<{ taken: boolean }[]>`
            SELECT pg_try_advisory_xact_lock(${housekeepingLockId}::bigint) AS taken`
          return lock?.taken ? transaction.$executeRaw`${statements[kind](limit)}` : undefined
        })
      )
  }
}
