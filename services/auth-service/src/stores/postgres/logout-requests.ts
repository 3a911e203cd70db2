import { Prisma } from '@countersign/prisma'
import { type LogoutRequests, logoutRequestSeconds, type RequestedLogout } from '../../logout/logout-requests.ts'
import { type Database, orUnavailable } from './database.ts'
import { databaseNow, seconds } from './revocation-entries.ts'

interface RequestRow {
  client_id: string | null
  hinted_user_id: string | null
  hinted_session_id: string | null
  return_to: string | null
  is_return_refused: boolean
  state: string | null
  ui_locales: string[]
}

/** A live request that has begun in a browser. */
const isAlive = Prisma.sql`r.browser_hash IS NOT NULL AND r.expires_at > ${databaseNow}`

export function createPrismaLogoutRequests(database: Database): LogoutRequests {
  return {
    async begin(
      idHash,
      browserHash,
      { clientId, hintedUserId, hintedSessionId, returnTo, isReturnRefused, state, uiLocales }
    ) {
      await orUnavailable(database.$executeRaw`
        INSERT INTO logout_requests (id_hash, browser_hash, client_id, hinted_user_id, hinted_session_id, return_to, is_return_refused, state, ui_locales,
          expires_at)
        VALUES (${idHash}, ${browserHash ?? null}, ${clientId ?? null}, ${hintedUserId ?? null}::uuid, ${hintedSessionId ?? null}::uuid, ${returnTo ?? null}, ${isReturnRefused},
          ${state ?? null}, ${uiLocales}, ${databaseNow} + ${seconds(logoutRequestSeconds)})`)
    },
    async nameBrowser({ formerHash, idHash, browserHash }) {
      const named = await orUnavailable(database.$executeRaw`
        UPDATE logout_requests SET id_hash = ${idHash}, browser_hash = ${browserHash}
        WHERE id_hash = ${formerHash} AND browser_hash IS NULL AND expires_at > ${databaseNow}`)
      return named === 1
    },
    async find(idHash) {
      const [row] = await orUnavailable(
        database.$queryRaw<(RequestRow & { browser_session_id: string | null })[]>`
          SELECT r.client_id, r.hinted_user_id, r.hinted_session_id, r.return_to, r.is_return_refused, r.state, r.ui_locales,
            (SELECT f.session_id FROM refresh_token_families f WHERE f.id = r.hinted_session_id) AS browser_session_id
          FROM logout_requests r WHERE r.id_hash = ${idHash} AND ${isAlive}`
      )
      return row && { ...toRequest(row), browserSessionId: row.browser_session_id ?? undefined }
    },
    async complete(idHash, browserHash) {
      const [row] = await orUnavailable(
        database.$queryRaw<RequestRow[]>`
          DELETE FROM logout_requests r WHERE r.id_hash = ${idHash} AND r.browser_hash = ${browserHash} AND ${isAlive}
          RETURNING r.client_id, r.hinted_user_id, r.hinted_session_id, r.is_return_refused, r.state, r.ui_locales,
            (SELECT r.return_to FROM clients c
             WHERE c.id = r.client_id AND c.disabled_at IS NULL AND r.return_to = ANY(c.post_logout_redirect_uris)) AS return_to`
      )
      return row && toRequest(row)
    }
  }
}

function toRequest(row: RequestRow): RequestedLogout {
  return {
    clientId: row.client_id ?? undefined,
    hintedUserId: row.hinted_user_id ?? undefined,
    hintedSessionId: row.hinted_session_id ?? undefined,
    returnTo: row.return_to ?? undefined,
    isReturnRefused: row.is_return_refused,
    state: row.state ?? undefined,
    uiLocales: row.ui_locales
  }
}
