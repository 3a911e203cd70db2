import type { Statistics } from '../../statistics/statistics.ts'
import { type Database, orUnavailable } from './database.ts'
import { isLive } from './ending-families.ts'
import { databaseNow } from './revocation-entries.ts'
import { isRevocation } from './revocation-events.ts'

interface StatisticsRow {
  at: Date
  users: number
  disabled_users: number
  live_sessions: number
  sign_ins: number
  failed_sign_ins: number
  revocations: number
}

/** One statement, so that all figures are from the same moment. */
export function createPrismaStatistics(database: Database): Statistics {
  return {
    async read() {
      const [row] = await orUnavailable(
        database.$queryRaw<[StatisticsRow]>`
          SELECT ${databaseNow} AS at, u.*, f.*, a.*
          FROM (
            SELECT count(*)::float8 AS users, count(disabled_at)::float8 AS disabled_users FROM users
          ) u, (
            SELECT count(*)::float8 AS live_sessions FROM refresh_token_families f WHERE ${isLive}
          ) f, (
            SELECT count(*) FILTER (WHERE type = 'session.started')::float8 AS sign_ins,
              count(*) FILTER (WHERE type = 'sign_in.failed')::float8 AS failed_sign_ins,
              count(*) FILTER (WHERE ${isRevocation})::float8 AS revocations
            FROM audit_events WHERE at > now() - interval '24 hours'
          ) a`
      )
      return {
        at: row.at,
        users: { total: row.users, disabled: row.disabled_users },
        sessions: { live: row.live_sessions },
        lastDay: { signIns: row.sign_ins, failedSignIns: row.failed_sign_ins, revocations: row.revocations }
      }
    }
  }
}
