import { Prisma } from '@countersign/prisma'
import type { BackchannelLogouts, ClaimedLogout } from '../../logout/backchannel-logouts.ts'
import { claimSeconds } from '../../outbox/outbox-worker.ts'
import { auditEventType } from './audit-events.ts'
import { type Database, orUnavailable } from './database.ts'
import { databaseNow, seconds } from './revocation-entries.ts'
import { signingKid } from './signing-key-store.ts'

/** A slow receiver must not take the places of the others. Part of the text, so that Postgres plans with it. */
const atOncePerReceiver = Prisma.sql`2`

const isDue = Prisma.sql`l.next_attempt_at <= ${databaseNow} AND (l.claimed_until IS NULL OR l.claimed_until <= ${databaseNow})`

export function createPrismaBackchannelLogouts(database: Database): BackchannelLogouts {
  return {
    claim: (limit) =>
      // Receiver by receiver, so that what waits for one of them need not be read to find what waits for the others. Those that have
      // failed come last: they must not hold back those that respond. Each condition has an index, however long the queue is: so what is
      // due for the first time and what is due again are two lookups.
      orUnavailable(database.$queryRaw<ClaimedLogout[]>`
        WITH due AS (
          SELECT one.id, c.backchannel_logout_uri AS uri FROM clients c CROSS JOIN LATERAL (
            SELECT * FROM (
              SELECT l.id, l.turn_at AS at FROM backchannel_logouts l
              WHERE l.client_id = c.id AND l.last_error IS NULL AND ${isDue}
              ORDER BY l.turn_at LIMIT ${atOncePerReceiver} FOR UPDATE SKIP LOCKED
            ) first UNION ALL SELECT * FROM (
              SELECT l.id, l.next_attempt_at FROM backchannel_logouts l
              WHERE l.client_id = c.id AND l.last_error IS NOT NULL AND ${isDue}
              ORDER BY l.next_attempt_at LIMIT ${atOncePerReceiver} FOR UPDATE SKIP LOCKED
            ) again
            ORDER BY at LIMIT ${atOncePerReceiver}
          ) one
          WHERE c.backchannel_logout_uri IS NOT NULL AND NOT EXISTS (
            SELECT FROM backchannel_logouts busy WHERE busy.client_id = c.id AND busy.claimed_until > ${databaseNow})
          ORDER BY EXISTS (SELECT FROM backchannel_logouts failed WHERE failed.client_id = c.id AND failed.last_error IS NOT NULL),
            one.at LIMIT ${limit}
        )
        UPDATE backchannel_logouts l SET claimed_until = ${databaseNow} + ${seconds(claimSeconds)}, attempts = l.attempts + 1
        FROM due WHERE l.id = due.id
        RETURNING l.id, l.client_id AS "clientId", l.user_id AS "userId", l.session_id AS "sessionId", due.uri, l.attempts AS attempt,
          l.give_up_at <= ${databaseNow} AS "isExpired", floor(date_part('epoch', ${databaseNow})) AS "issuedAt", ${signingKid} AS "signingKid"`),
    async settle({ id, attempt }, result) {
      if (result.outcome === 'delivered') {
        // Even if another replica sends it again by now.
        await orUnavailable(database.$executeRaw`DELETE FROM backchannel_logouts WHERE id = ${id}::uuid`)
      } else if (result.outcome === 'dead') {
        await orUnavailable(database.$executeRaw`
          WITH dead AS (
            DELETE FROM backchannel_logouts WHERE id = ${id}::uuid AND attempts = ${attempt} RETURNING client_id, user_id, session_id, last_error
          )
          INSERT INTO audit_events (type, user_id, session_id, client_id, detail)
          SELECT ${auditEventType('backchannel_logout.given_up')}, user_id, session_id, client_id,
            jsonb_build_object('reason', CASE WHEN ${result.reason} = 'expired' THEN coalesce(last_error, 'expired') ELSE ${result.reason} END,
              'attempts', ${attempt}::int)
          FROM dead`)
      } else {
        await orUnavailable(database.$executeRaw`
          UPDATE backchannel_logouts SET claimed_until = NULL, last_error = ${result.reason},
            next_attempt_at = LEAST(give_up_at, ${databaseNow} + ${seconds(result.retryInSeconds)})
          WHERE id = ${id}::uuid AND attempts = ${attempt}`)
      }
    },
    async countWaiting() {
      const [row] = await orUnavailable(database.$queryRaw<{ waiting: number; oldest: number | null }[]>`
        SELECT count(*)::int AS waiting, EXTRACT(EPOCH FROM ${databaseNow} - min(created_at))::float8 AS oldest
        FROM backchannel_logouts`)
      return { waiting: row?.waiting ?? 0, oldestSeconds: row?.oldest ?? 0 }
    }
  }
}
