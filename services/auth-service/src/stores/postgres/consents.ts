import { Prisma } from '@countersign/prisma'
import type { AllowedScope, App, Consents } from '../../authorization/consents.ts'
import { firstPartyClientId } from '../../clients/client-rules.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { isLive, lockUser } from './ending-families.ts'
import { pageOf } from './row-pages.ts'
import { endGroup } from './session-groups.ts'

/** The live sessions of a user at clients. */
const sessionsOf = (userId: string) => Prisma.sql`
  SELECT f.* FROM refresh_token_families f WHERE f.user_id = ${userId}::uuid AND f.client_id <> ${firstPartyClientId} AND ${isLive}`

export function createPrismaConsents(database: Database): Consents {
  return {
    async list(userId, { after, limit }) {
      const rows = await orUnavailable(
        database.$queryRaw<Omit<App, 'scopes'>[]>`
          WITH sessions AS (${sessionsOf(userId)}), consented AS (
            SELECT client_id, max(granted_at) AS at FROM consents WHERE user_id = ${userId}::uuid GROUP BY client_id
          ), used AS (
            SELECT client_id, min(created_at) AS since, max(rotated_at) AS at, count(*)::int AS count FROM sessions GROUP BY client_id
          )
          SELECT c.id AS "clientId", c.name, c.logo_uri AS "logoUri", coalesce(consented.at, used.since) AS "grantedAt",
            used.at AS "lastUsedAt", coalesce(used.count, 0) AS sessions
          FROM clients c LEFT JOIN consented ON consented.client_id = c.id LEFT JOIN used ON used.client_id = c.id
          WHERE c.id > ${after ?? ''} AND (consented.client_id IS NOT NULL OR used.client_id IS NOT NULL)
          ORDER BY c.id LIMIT ${limit + 1}`
      )
      const { page, last } = pageOf(rows, limit)
      const scopes = await orUnavailable(
        scopesOf(
          database,
          userId,
          page.map(({ clientId }) => clientId)
        )
      )
      const apps = page.map((app) => ({ ...app, scopes: scopes.filter(({ clientId }) => clientId === app.clientId) }))
      return { apps, next: last?.clientId }
    },
    withdraw: ({ userId, clientId, origin }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          // In the order of an exchange: the code, then the user.
          await transaction.$executeRaw`
            DELETE FROM authorization_codes WHERE user_id = ${userId}::uuid AND client_id = ${clientId} AND used_at IS NULL`
          await lockUser(transaction, userId)
          await transaction.$executeRaw`
            DELETE FROM authorization_requests WHERE user_id = ${userId}::uuid AND client_id = ${clientId}`
          // Those that came while this waited. An exchange that holds one waits for the user, and then finds no consent.
          await transaction.$executeRaw`
            DELETE FROM authorization_codes WHERE code_hash IN (
              SELECT code_hash FROM authorization_codes
              WHERE user_id = ${userId}::uuid AND client_id = ${clientId} AND used_at IS NULL FOR UPDATE SKIP LOCKED)`
          const removed = await transaction.$executeRaw`
            DELETE FROM consents WHERE user_id = ${userId}::uuid AND client_id = ${clientId}`
          const isOwn = clientId === firstPartyClientId
          const sessions = isOwn
            ? { ended: 0, entries: [] }
            : await endGroup(transaction, { userId, clientId }, { reason: 'consent_withdrawn' })
          if (removed === 0 && sessions.ended === 0) return { outcome: 'unknown' }
          await recordAuditEvent(transaction, { type: 'consent.withdrawn', userId, clientId, origin })
          return { outcome: 'withdrawn', ...sessions }
        })
      )
  }
}

/** What is allowed; of clients that need no consent, what their sessions have. */
function scopesOf(queryable: Queryable, userId: string, clientIds: readonly string[]) {
  return queryable.$queryRaw<(AllowedScope & { clientId: string })[]>`
    WITH sessions AS (${sessionsOf(userId)}), allowed AS (
      SELECT client_id, api, unnest(CASE WHEN api <> '' AND scopes = '{}' THEN ARRAY[''] ELSE scopes END) AS scope
      FROM consents WHERE user_id = ${userId}::uuid
      UNION SELECT client_id, '', unnest(identity_scopes) FROM sessions
      UNION SELECT client_id, audience[1], unnest(asked_scopes) FROM sessions
    )
    SELECT g.client_id AS "clientId", g.scope, nullif(g.api, '') AS api, a.name AS "apiName", s.description
    FROM allowed g LEFT JOIN apis a ON a.identifier = g.api LEFT JOIN api_scopes s ON s.api = g.api AND s.name = g.scope
    WHERE g.client_id = ANY(${clientIds}::text[]) ORDER BY g.client_id, g.api, g.scope`
}
