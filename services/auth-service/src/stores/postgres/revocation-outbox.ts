import { Prisma } from '@countersign/prisma'
import { maxClockToleranceSeconds } from '@countersign/verifier'
import type { RevocationOutbox } from '../../revocation/revocation-outbox.ts'
import { auditEventType } from './audit-events.ts'
import { type Database, orUnavailable } from './database.ts'
import { databaseNow, type OutboxRow, seconds, toOutboxEntry } from './revocation-entries.ts'

/** The transport rounds the end of an entry up to a second. */
const removalMarginSeconds = 5

const idSequence = Prisma.sql`pg_get_serial_sequence('revocations', 'id')::regclass`

export function createPrismaRevocationOutbox(database: Database): RevocationOutbox {
  return {
    async revokeToken({ jti, expiresAt, clientId }) {
      // Two at once may both write it: a duplicate entry is harmless.
      const rows = await orUnavailable(
        database.$queryRaw<OutboxRow[]>`
          WITH entry AS (
            INSERT INTO revocations (kind, value, expires_at)
            SELECT 'jti', ${jti}, to_timestamp(${expiresAt}) + ${seconds(maxClockToleranceSeconds)}
            WHERE NOT EXISTS (SELECT FROM revocations WHERE kind = 'jti' AND value = ${jti})
            RETURNING id, kind, value, expires_at
          ), audited AS (
            INSERT INTO audit_events (type, client_id, detail)
            SELECT ${auditEventType('access_token.revoked')}, ${clientId}, jsonb_build_object('jti', value) FROM entry
          )
          SELECT * FROM entry`
      )
      return { entries: rows.map(toOutboxEntry) }
    },
    async listUnpublished({ olderThanMs, limit }) {
      const rows = await orUnavailable(
        database.$queryRaw<OutboxRow[]>`
          SELECT id, kind, value, expires_at FROM revocations
          WHERE published_at IS NULL AND expires_at > ${databaseNow}
            AND created_at < ${databaseNow} - make_interval(secs => ${olderThanMs / 1000})
          ORDER BY id LIMIT ${limit}`
      )
      return rows.map(toOutboxEntry)
    },
    async countUnpublished() {
      const rows = await orUnavailable(
        database.$queryRaw<{ count: number }[]>`
          SELECT count(*)::float8 AS count FROM revocations
          WHERE published_at IS NULL AND created_at < ${databaseNow} - interval '1 second' AND expires_at > ${databaseNow}`
      )
      return rows[0]?.count ?? 0
    },
    async markPublished(ids) {
      await orUnavailable(
        database.$executeRaw`
          UPDATE revocations SET published_at = ${databaseNow}
          WHERE id = ANY(${ids.map(String)}::bigint[]) AND published_at IS NULL`
      )
    },
    async lacks(published) {
      if (published.length === 0) return false
      const ids = published.map(({ id }) => String(id))
      // What has expired may have been removed: then only the ids tell, which are logged some in advance (32). A database that lost
      // an entry gives its id to another one, which ends at another time.
      const [row] = await orUnavailable(
        database.$queryRaw<[{ lacks: boolean }]>`
          SELECT max(p.id) > coalesce(pg_sequence_last_value(${idSequence}), 0) OR bool_or(
            to_timestamp(p.expires_at) > ${databaseNow} + ${seconds(removalMarginSeconds)}
            AND NOT EXISTS (SELECT FROM revocations r WHERE r.id = p.id
                AND abs(extract(epoch FROM r.expires_at) - p.expires_at) < 2)) AS lacks
          FROM unnest(${ids}::bigint[], ${published.map(({ expiresAt }) => expiresAt)}::float8[]) p (id, expires_at)`
      )
      return row.lacks
    },
    async skipTo(id) {
      await orUnavailable(
        database.$queryRaw`
          SELECT setval(${idSequence}, ${id})::text WHERE ${id} > coalesce(pg_sequence_last_value(${idSequence}), 0)`
      )
    },
    async *readLive(batchSize) {
      let after = 0n
      for (;;) {
        const rows = await orUnavailable(
          database.$queryRaw<OutboxRow[]>`
            SELECT id, kind, value, expires_at FROM revocations
            WHERE id > ${after} AND expires_at > ${databaseNow} ORDER BY id LIMIT ${batchSize}`
        )
        const last = rows.at(-1)
        if (!last) return
        yield rows.map(toOutboxEntry)
        after = BigInt(last.id)
      }
    },
    async isAnyRevoked({ jti, sid, kid, actors = [] }) {
      const sids = sid === undefined ? actors : [sid, ...actors]
      const rows = await orUnavailable(
        database.$queryRaw<unknown[]>`
          SELECT 1 FROM revocations
          WHERE ((kind, value) IN (('jti', ${jti}), ('kid', ${kid})) OR (kind = 'sid' AND value = ANY(${sids})))
            AND expires_at > ${databaseNow}
          LIMIT 1`
      )
      return rows.length > 0
    }
  }
}
