import { ConflictError, NotFoundError } from '@countersign/oauth'
import { displayNameOf } from '../../accounts/display-names.ts'
import { deleteWithSessions, type UserAdministration } from '../../accounts/user-administration.ts'
import type { Announcing } from '../../revocation/announcing.ts'
import { defineRoute, type UserAccessToken } from '../../routing/route.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import {
  placeInSessions,
  sessionCursor,
  sessionList,
  sessionListQuery,
  sessionSummary,
  userSessionParams
} from '../../wire/sessions.ts'
import {
  administeredUser,
  placeInUsers,
  userChangeBody,
  userList,
  userListQuery,
  userPage,
  userParams,
  userSummary
} from '../../wire/users.ts'
import { noLongerAdmin } from './no-longer-admin.ts'
import { requireUser, unknownUser } from './required-user.ts'

export interface AdminUsersDeps {
  administration: Announcing<UserAdministration>
  sessions: Pick<Sessions, 'list' | 'end' | 'endAll'>
}

/** `GET /admin/users`: a page of users in the order of their usernames; `search` narrows it to names and addresses. */
export const listUsers = defineRoute(
  {
    method: 'get',
    path: '/admin/users',
    summary: 'A page of users, in the order of their usernames',
    access: 'admin',
    query: userListQuery,
    response: { status: 200, schema: userList }
  },
  ({ administration }: AdminUsersDeps) =>
    async ({ query }) =>
      userPage(await administration.list(placeInUsers(query)))
)

/** `GET /admin/users/:id` */
export const showUser = defineRoute(
  {
    method: 'get',
    path: '/admin/users/:id',
    summary: 'One user',
    access: 'admin',
    params: userParams,
    response: { status: 200, schema: administeredUser }
  },
  ({ administration }: AdminUsersDeps) =>
    async ({ params }) =>
      userSummary(await requireUser(administration, params.id))
)

/** `PATCH /admin/users/:id`: disables or enables a user, or gives roles or a display name. */
export const changeUser = defineRoute(
  {
    method: 'patch',
    path: '/admin/users/:id',
    summary:
      'Disable or enable a user, or set the roles or the display name; disabling and removing a role end all sessions',
    access: 'admin',
    params: userParams,
    body: userChangeBody,
    response: { status: 200, schema: administeredUser },
    errors: [409]
  },
  ({ administration }: AdminUsersDeps) =>
    async ({ params, body, accessToken }) => {
      const change = {
        isDisabled: body.disabled,
        roles: body.roles && [...new Set(body.roles)],
        displayName: displayNameOf(body.display_name)
      }
      const result = await administration.change(params.id, change, accessToken.sub)
      if (result.outcome === 'unknown') throw unknownUser()
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'last_admin') throw lastAdmin()
      return userSummary(result.user)
    }
)

/** `DELETE /admin/users/:id`: deletes another user at once. */
export const deleteUser = defineRoute(
  {
    method: 'delete',
    path: '/admin/users/:id',
    summary: 'Delete another user, with all sessions, immediately and permanently',
    access: 'admin',
    params: userParams,
    response: { status: 204 },
    errors: [409]
  },
  ({ administration }: AdminUsersDeps) =>
    async ({ params, accessToken }) => {
      const { outcome } = await deleteWithSessions(administration, params.id, accessToken.sub)
      if (outcome === 'unknown') throw unknownUser()
      if (outcome === 'not_an_admin') throw noLongerAdmin()
      if (outcome === 'last_admin') throw lastAdmin()
      if (outcome === 'own_account') {
        throw new ConflictError({ code: 'own_account', description: 'Another admin has to delete this account.' })
      }
    }
)

/** `GET /admin/users/:id/sessions`: a page of the user's live sessions, newest first; there are at most `SESSIONS_PER_USER`. */
export const listUserSessions = defineRoute(
  {
    method: 'get',
    path: '/admin/users/:id/sessions',
    summary: "A page of a user's live sessions, the newest first",
    access: 'admin',
    params: userParams,
    query: sessionListQuery,
    response: { status: 200, schema: sessionList }
  },
  ({ administration, sessions }: AdminUsersDeps) =>
    async ({ params, query }) => {
      const place = placeInSessions(query)
      await requireUser(administration, params.id)
      const page = await sessions.list(params.id, place)
      return { sessions: page.sessions.map(sessionSummary), next_cursor: sessionCursor(page.next) }
    }
)

/** `DELETE /admin/users/:id/sessions`: ends all sessions of the user. */
export const endUserSessions = defineRoute(
  {
    method: 'delete',
    path: '/admin/users/:id/sessions',
    summary: 'End all sessions of a user',
    access: 'admin',
    params: userParams,
    response: { status: 204 }
  },
  ({ administration, sessions }: AdminUsersDeps) =>
    async ({ params, accessToken }) => {
      await requireUser(administration, params.id)
      await sessions.endAll(params.id, byAdmin(accessToken))
    }
)

/** `DELETE /admin/users/:id/sessions/:session_id`: ends one session of the user. */
export const endUserSession = defineRoute(
  {
    method: 'delete',
    path: '/admin/users/:id/sessions/:session_id',
    summary: 'End one session of a user',
    access: 'admin',
    params: userSessionParams,
    response: { status: 204 }
  },
  ({ sessions }: AdminUsersDeps) =>
    async ({ params, accessToken }) => {
      const selection = { familyId: params.session_id, userId: params.id }
      const { ended } = await sessions.end(selection, byAdmin(accessToken))
      if (ended === 0) throw new NotFoundError({ description: 'The user has no live session with this id.' })
    }
)

function byAdmin({ sub }: UserAccessToken) {
  return { reason: 'ended_by_admin', actorId: sub } as const
}

function lastAdmin(): ConflictError {
  return new ConflictError({
    code: 'last_admin',
    description: 'This would leave no enabled admin. Make another one first.'
  })
}
