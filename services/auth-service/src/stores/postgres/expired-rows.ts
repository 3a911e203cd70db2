import { Prisma } from '@countersign/prisma'
import type { ExpiredKind, ExpiredRows } from '../../housekeeping/housekeeping.ts'
import { auditEventType } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { maxEntryLifetimeSeconds } from './ending-families.ts'
import { seconds } from './revocation-entries.ts'

const housekeepingLockId = 4_010_205
/** How far ahead of an event its partition is made. A version that makes none may run for as long. */
const partitionsAheadWeeks = 26

/** An event `e` about the deleted user `d` still says more than which user it was. */
const isLeft = Prisma.sql`e.user_id = d.id AND e.at >= d.anonymized_to AND (e.address IS NOT NULL OR e.user_agent IS NOT NULL)`

/** Deleted users whose events are to be looked at now. */
const dueUsers = (limit: number) => Prisma.sql`
  SELECT * FROM deleted_users WHERE next_pass_at <= now() ORDER BY next_pass_at, id LIMIT ${limit}`

export interface RetentionOptions {
  readonly auditRetentionDays: number
}

/** @returns how many rows it removed */
type Removal = (transaction: Queryable, limit: number) => Promise<number>

/**
 * Rows are found by an index, and locked rows are skipped: nobody waits for housekeeping. Its own lock is tried without
 * waiting, so that one replica at a time works.
 */
export function createPrismaExpiredRows(database: Database, { auditRetentionDays }: RetentionOptions): ExpiredRows {
  const removals: Record<ExpiredKind, Removal> = {
    // A revoked family is kept until it would have expired, to tell replays from garbage until then.
    families: (transaction, limit) => transaction.$executeRaw`
      DELETE FROM refresh_token_families WHERE id IN (
        SELECT id FROM refresh_token_families WHERE absolute_expires_at < now() - ${seconds(maxEntryLifetimeSeconds)}
        ORDER BY absolute_expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`,
    revocations: anHourLater('revocations', 'id'),
    // Two days: one day is shown, and the clocks of replicas may differ.
    activity: (transaction, limit) => transaction.$executeRaw`
      DELETE FROM activity WHERE (minute, kind, outcome, replica) IN (
        SELECT minute, kind, outcome, replica FROM activity WHERE minute < now() - interval '2 days'
        ORDER BY minute LIMIT ${limit} FOR UPDATE SKIP LOCKED)`,
    async mails(transaction, limit) {
      // Left behind where mail was switched off.
      await transaction.$executeRaw`
        UPDATE mail_outbox SET dead_at = now(), sealed_secret = NULL, claimed_until = NULL, last_error = 'expired' WHERE id IN (
          SELECT id FROM mail_outbox
          WHERE delivered_at IS NULL AND dead_at IS NULL AND give_up_at < now() - interval '1 hour'
          LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
      return transaction.$executeRaw`
        DELETE FROM mail_outbox WHERE id IN (
          SELECT id FROM mail_outbox WHERE delivered_at < now() - interval '7 days' OR dead_at < now() - interval '30 days'
          LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
    },
    one_time_secrets: (transaction, limit) => transaction.$executeRaw`
      DELETE FROM one_time_secrets WHERE (user_id, purpose) IN (
        SELECT user_id, purpose FROM one_time_secrets WHERE expires_at < now() - interval '1 day'
        ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`,
    // Until then an admin can send them again.
    invitations: (transaction, limit) => transaction.$executeRaw`
      DELETE FROM invitations WHERE id IN (
        SELECT id FROM invitations WHERE expires_at < now() - interval '30 days'
        ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`,
    sign_in_flows: anHourLater('sign_in_flows', 'flow_hash'),
    totp_enrolments: anHourLater('totp_enrolments', 'user_id'),
    passkey_challenges: anHourLater('passkey_challenges', 'challenge_hash'),
    trusted_devices: anHourLater('trusted_devices', 'id'),
    // Left behind where mail was switched off.
    password_reset_requests: aDayOld('password_reset_requests'),
    mail_sign_in_requests: aDayOld('mail_sign_in_requests'),
    authorization_requests: anHourLater('authorization_requests', 'id_hash'),
    // A used one is known until then, so that a replay ends its session.
    authorization_codes: anHourLater('authorization_codes', 'code_hash'),
    logout_requests: anHourLater('logout_requests', 'id_hash'),
    // Left behind where a client is no longer notified.
    backchannel_logouts: (transaction, limit) => transaction.$executeRaw`
      WITH dead AS (
        DELETE FROM backchannel_logouts WHERE id IN (
          SELECT id FROM backchannel_logouts WHERE give_up_at < now() - interval '1 hour'
          ORDER BY give_up_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
        RETURNING client_id, user_id, session_id, attempts
      )
      INSERT INTO audit_events (type, user_id, session_id, client_id, detail)
      SELECT ${auditEventType('backchannel_logout.given_up')}, user_id, session_id, client_id,
        jsonb_build_object('reason', 'expired', 'attempts', attempts) FROM dead`,
    provider_transactions: anHourLater('provider_transactions', 'secret_hash'),
    // Those that are in no week: a week is dropped as a whole.
    audit_events: (transaction, limit) =>
      countOf(transaction, Prisma.sql`delete_audit_events(${auditRetentionDays}::int, ${limit}::int)`),
    // Later than any request that was under way at the deletion could write an event.
    deleted_users: (transaction, limit) => transaction.$executeRaw`
      DELETE FROM deleted_users WHERE id IN (
        SELECT d.id FROM deleted_users d
        WHERE d.is_last_pass AND d.next_pass_at <= now() AND NOT EXISTS (SELECT FROM audit_events e WHERE ${isLeft}) LIMIT ${limit})`
  }
  return {
    removeBatch: (kind, limit) => inTurn((transaction) => removals[kind](transaction, limit)),
    anonymizeBatch: (limit) =>
      inTurn(async (transaction) => {
        // Looked up for each user: a join might read the whole log.
        const events = await transaction.$executeRaw`
          WITH own AS (
            SELECT d.id AS user_id, e.id, e.at FROM (${dueUsers(limit)}) d CROSS JOIN LATERAL (
              SELECT e.id, e.at FROM audit_events e WHERE ${isLeft} ORDER BY e.at, e.id LIMIT ${limit}) e
            LIMIT ${limit}
          ), advanced AS (
            UPDATE deleted_users d SET anonymized_to = done.at
            FROM (SELECT user_id, max(at) AS at FROM own GROUP BY user_id) done WHERE d.id = done.user_id
          )
          UPDATE audit_events SET address = NULL, user_agent = NULL WHERE (id, at) IN (SELECT id, at FROM own)`
        if (events < limit) {
          await transaction.$executeRaw`
            UPDATE deleted_users d SET is_last_pass = true, next_pass_at = d.deleted_at + interval '1 hour',
              anonymized_to = least(d.anonymized_to, d.deleted_at - interval '1 hour')
            FROM (${dueUsers(limit)}) due WHERE d.id = due.id AND NOT d.is_last_pass`
        }
        return events
      }),
    makeAuditPartitions: () =>
      orUnavailable(
        countOf(
          database,
          Prisma.sql`make_audit_partitions(now(), now() + make_interval(weeks => ${partitionsAheadWeeks}::int))`
        )
      ),
    dropAuditPartition: () =>
      orUnavailable(countOf(database, Prisma.sql`drop_audit_partition(${auditRetentionDays}::int)`))
  }

  function inTurn(work: (transaction: Queryable) => Promise<number>): Promise<number | undefined> {
    return orUnavailable(
      inTransaction(database, async (transaction) => {
        const [lock] = await transaction.$queryRaw<{ taken: boolean }[]>`
          SELECT pg_try_advisory_xact_lock(${housekeepingLockId}::bigint) AS taken`
        return lock?.taken ? work(transaction) : undefined
      })
    )
  }
}

async function countOf(database: Queryable, call: Prisma.Sql): Promise<number> {
  const [row] = await database.$queryRaw<{ count: number }[]>`SELECT ${call} AS count`
  return row?.count ?? 0
}

/** An hour after they expired, since a clock of the database that is ahead for a while must not take what is alive. */
function anHourLater(table: string, key: string): Removal {
  const [from, id] = [Prisma.raw(table), Prisma.raw(key)]
  return (transaction, limit) => transaction.$executeRaw`
    DELETE FROM ${from} WHERE ${id} IN (
      SELECT ${id} FROM ${from} WHERE expires_at < now() - interval '1 hour'
      ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
}

function aDayOld(table: string): Removal {
  const from = Prisma.raw(table)
  return (transaction, limit) => transaction.$executeRaw`
    DELETE FROM ${from} WHERE id IN (
      SELECT id FROM ${from} WHERE created_at < now() - interval '1 day' LIMIT ${limit} FOR UPDATE SKIP LOCKED)`
}
