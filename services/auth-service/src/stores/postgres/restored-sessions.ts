import { Prisma } from '@countersign/prisma'
import type { SessionEndings } from '../../sessions/session-endings.ts'
import { type Database, inTransaction, orUnavailable } from './database.ts'
import { endFamilies, maxEntryLifetimeSeconds } from './ending-families.ts'
import { databaseNow, seconds } from './revocation-entries.ts'

const firstId = '00000000-0000-0000-0000-000000000000'

/**
 * All sessions that there are when the first batch begins, of a database that was restored. It goes through them in the order of their
 * ids, and once more for those that somebody else held.
 */
export function createPrismaRestoredSessions(database: Database): SessionEndings {
  let until: string | undefined
  let after = firstId
  return {
    async endBatch(limit) {
      until ??= (await orUnavailable(database.$queryRaw<[{ now: string }]>`SELECT ${databaseNow}::text AS now`))[0].now
      // The moments of families are rounded to a millisecond. No token of a family outlives its limit for longer than an entry lives.
      const remaining = Prisma.sql`
        SELECT f.id FROM refresh_token_families f
        WHERE f.revoked_at IS NULL AND f.created_at <= ${until}::timestamptz + interval '1 millisecond'
          AND f.absolute_expires_at > ${databaseNow} - ${seconds(maxEntryLifetimeSeconds)}`
      const batch = Prisma.sql`${remaining} AND f.id > ${after}::uuid ORDER BY f.id LIMIT ${limit} FOR NO KEY UPDATE OF f SKIP LOCKED`
      const { ended, entries, isLeft } = await orUnavailable(
        inTransaction(database, async (transaction) => {
          const families = await endFamilies(transaction, {
            selection: Prisma.sql`f.id = ANY(ARRAY(${batch}))`,
            reason: 'database_restored',
            hasUnknownTokens: true
          })
          if (families.ended === limit) return { ...families, isLeft: true }
          return { ...families, isLeft: (await transaction.$queryRaw<unknown[]>`${remaining} LIMIT 1`).length > 0 }
        })
      )
      const last = entries.reduce((highest, { value }) => (value > highest ? value : highest), after)
      after = ended === limit ? last : firstId
      return { ended, entries, hasMore: isLeft }
    }
  }
}
