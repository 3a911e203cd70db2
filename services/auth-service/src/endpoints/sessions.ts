import { NotFoundError } from '@countersign/oauth'
import { requireQuery } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import { isUuid } from '../identifiers.ts'
import type { RevocationRelay } from '../revocation/revocation-relay.ts'
import type { RefreshTokenFamilies } from '../sessions/refresh-token-families.ts'
import { type SessionListQuery, sessionListQuery } from './bodies.ts'
import { placeInSessions, sessionCursor, sessionSummary } from './session-summary.ts'

export interface SessionsDeps {
  families: RefreshTokenFamilies
  relay: RevocationRelay
  requireAccessToken: Middleware
}

/** `GET /auth/sessions`: a page of the user's live sessions, the newest first; there are at most `SESSIONS_PER_USER`. */
export function listSessions({ families, requireAccessToken }: SessionsDeps): Middleware[] {
  return [
    requireAccessToken,
    requireQuery(sessionListQuery),
    async function answerSessions(ctx) {
      const place = placeInSessions(ctx.state.query as SessionListQuery)
      const { sessions, next } = await families.list(ctx.state.accessToken.sub, place)
      ctx.set('Cache-Control', 'no-store')
      ctx.body = {
        sessions: sessions.map((session) => ({
          ...sessionSummary(session),
          current: session.id === ctx.state.accessToken.sid
        })),
        next_cursor: sessionCursor(next)
      }
    }
  ]
}

/** `DELETE /auth/sessions/:id`: ends one of the user's own sessions. */
export function endSession({ families, relay, requireAccessToken }: SessionsDeps): Middleware[] {
  return [
    requireAccessToken,
    async function endSession(ctx) {
      const { id: familyId } = ctx.params
      const { ended, entries } = isUuid(familyId)
        ? await families.end({ familyId, userId: ctx.state.accessToken.sub }, { reason: 'session_ended' })
        : { ended: 0, entries: [] }
      if (ended === 0) throw new NotFoundError({ description: 'You have no live session with this id.' })
      await relay.announce(entries)
      ctx.status = 204
    }
  ]
}
