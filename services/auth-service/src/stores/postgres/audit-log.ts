import { Prisma } from '@countersign/prisma'
import type { AuditedEvent, AuditedUser, AuditFilter, AuditLog, AuditPlace } from '../../audit/audit-log.ts'
import { storedType, typeOfStored } from './audit-events.ts'
import { type Database, orUnavailable } from './database.ts'
import { pageOf } from './row-pages.ts'

interface EventRow {
  id: string
  at: Date
  type: string
  user_id: string | null
  username: string | null
  actor_id: string | null
  actor_username: string | null
  session_id: string | null
  client_id: string | null
  address: string | null
  user_agent: string | null
  detail: Record<string, unknown> | null
}

/** For each filter there is an index ordered by moment and id, so a page is read in order. */
export function createPrismaAuditLog(database: Database): AuditLog {
  return {
    async list({ filter, after, limit }) {
      const rows = await orUnavailable(
        database.$queryRaw<EventRow[]>`
          SELECT e.id::text, e.at, e.type, e.user_id, ${usernameOf(Prisma.sql`e.user_id`)} AS username,
            e.actor_id, ${usernameOf(Prisma.sql`e.actor_id`)} AS actor_username,
            e.session_id, e.client_id, e.address, e.user_agent, e.detail
          FROM audit_events e WHERE ${Prisma.join(conditionsOf(filter, after), ' AND ')}
          ORDER BY e.at DESC, e.id DESC LIMIT ${limit + 1}`
      )
      const { page, last } = pageOf(rows, limit)
      return { events: page.map(toEvent), next: last }
    }
  }
}

function conditionsOf(filter: AuditFilter, after: AuditPlace | undefined): Prisma.Sql[] {
  const { type, usernameKey, userId, sessionId, clientId, since, until } = filter
  const conditions = [Prisma.sql`true`]
  if (type !== undefined) conditions.push(Prisma.sql`e.type = ${storedType(type)}`)
  if (usernameKey !== undefined)
    conditions.push(Prisma.sql`e.user_id = (SELECT id FROM users WHERE username_key = ${usernameKey})`)
  if (userId !== undefined) conditions.push(Prisma.sql`e.user_id = ${userId}::uuid`)
  if (sessionId !== undefined) conditions.push(Prisma.sql`e.session_id = ${sessionId}::uuid`)
  if (clientId !== undefined) conditions.push(Prisma.sql`e.client_id = ${clientId}`)
  if (since !== undefined) conditions.push(Prisma.sql`e.at >= ${moment(since)}`)
  const end = endOf(after, until)
  return end ? [...conditions, end] : conditions
}

/** Only the earlier end, which implies the other: with both, Postgres could start at either one, and read what is between. */
function endOf(after: AuditPlace | undefined, until: Date | undefined): Prisma.Sql | undefined {
  if (after && (until === undefined || after.at < until))
    return Prisma.sql`(e.at, e.id) < (${moment(after.at)}, ${after.id}::bigint)`
  return until && Prisma.sql`e.at < ${moment(until)}`
}

/** Looked up for each event of the page: a join might read all users. */
function usernameOf(userId: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(SELECT username FROM users WHERE id = ${userId})`
}

/** Has a time zone, so that it does not depend on that of the connection. */
function moment(date: Date): Prisma.Sql {
  return Prisma.sql`${date.toISOString()}::timestamptz`
}

function toEvent(row: EventRow): AuditedEvent {
  return {
    id: row.id,
    at: row.at,
    type: typeOfStored(row.type),
    user: toUser(row.user_id, row.username),
    actor: toUser(row.actor_id, row.actor_username),
    sessionId: row.session_id,
    clientId: row.client_id,
    address: row.address,
    userAgent: row.user_agent,
    detail: row.detail
  }
}

function toUser(id: string | null, username: string | null): AuditedUser | null {
  return id === null ? null : { id, username }
}
