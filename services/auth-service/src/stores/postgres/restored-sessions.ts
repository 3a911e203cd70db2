import { Prisma } from '@countersign/prisma'
import type { SessionEndings } from '../../sessions/session-endings.ts'
import { type Database, inTransaction, orUnavailable } from './database.ts'
import { endFamilies } from './ending-families.ts'
import { databaseNow } from './revocation-entries.ts'

/** All sessions that there are when the first batch begins, of a database that was restored. */
export function createPrismaRestoredSessions(database: Database): SessionEndings {
  let until: string | undefined
  return {
    async endBatch(limit) {
      until ??= (await orUnavailable(database.$queryRaw<[{ now: string }]>`SELECT ${databaseNow}::text AS now`))[0].now
      const remaining = Prisma.sql`
        SELECT f.id FROM refresh_token_families f WHERE f.revoked_at IS NULL AND f.created_at <= ${until}::timestamptz`
      return orUnavailable(
        inTransaction(database, async (transaction) => {
          const { ended, entries } = await endFamilies(transaction, {
            selection: Prisma.sql`f.id IN (${remaining} ORDER BY f.id LIMIT ${limit} FOR NO KEY UPDATE OF f SKIP LOCKED)`,
            reason: 'database_restored',
            hasUnknownTokens: true
          })
          const left = ended === limit ? [] : await transaction.$queryRaw<unknown[]>`${remaining} LIMIT 1`
          return { ended, entries, hasMore: ended === limit || left.length > 0 }
        })
      )
    }
  }
}
