import { NotFoundError } from '@countersign/oauth'
import { defineRoute } from '../../routing/route.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import {
  ownSessionList,
  ownSessionParams,
  placeInSessions,
  sessionCursor,
  sessionListQuery,
  sessionSummary
} from '../../wire/sessions.ts'

export interface SessionsDeps {
  sessions: Pick<Sessions, 'list' | 'end'>
}

/** `GET /auth/sessions`: a page of the user's live sessions, newest first; there are at most `SESSIONS_PER_USER`. */
export const listSessions = defineRoute(
  {
    method: 'get',
    path: '/auth/sessions',
    summary: "A page of the user's live sessions, the newest first",
    access: 'user',
    query: sessionListQuery,
    response: { status: 200, schema: ownSessionList }
  },
  ({ sessions }: SessionsDeps) =>
    async ({ query, accessToken }) => {
      const page = await sessions.list(accessToken.sub, placeInSessions(query))
      return {
        sessions: page.sessions.map((session) => ({
          ...sessionSummary(session),
          current: session.id === accessToken.sid
        })),
        next_cursor: sessionCursor(page.next)
      }
    }
)

/** `DELETE /auth/sessions/:id`: ends one of the user's own sessions. */
export const endSession = defineRoute(
  {
    method: 'delete',
    path: '/auth/sessions/:id',
    summary: "End one of the user's sessions",
    access: 'user-in-person',
    params: ownSessionParams,
    response: { status: 204 }
  },
  ({ sessions }: SessionsDeps) =>
    async ({ params, accessToken }) => {
      const selection = { familyId: params.id, userId: accessToken.sub }
      const { ended } = await sessions.end(selection, { reason: 'session_ended' })
      if (ended === 0) throw new NotFoundError({ description: 'You have no live session with this id.' })
    }
)
