import { ConflictError, NotFoundError } from '@countersign/oauth'
import { requireJsonBody, requireQuery } from '@countersign/service-kit'
import type { Context, Middleware, Next } from 'koa'
import type { UserAdministration } from '../accounts/user-administration.ts'
import { isUuid } from '../identifiers.ts'
import type { RevocationRelay } from '../revocation/revocation-relay.ts'
import type { RefreshTokenFamilies } from '../sessions/refresh-token-families.ts'
import {
  type SessionListQuery,
  sessionListQuery,
  type UserChangeBody,
  type UserListQuery,
  userChangeBody,
  userListQuery
} from './bodies.ts'
import { noLongerAdmin } from './no-longer-admin.ts'
import { placeInSessions, sessionCursor, sessionSummary } from './session-summary.ts'
import { placeInUsers, userPage, userSummary } from './user-summary.ts'

export interface AdminUsersDeps {
  administration: UserAdministration
  families: RefreshTokenFamilies
  relay: RevocationRelay
  /** Sets `ctx.state.accessToken` of an admin, or answers 401 or 403. */
  requireAdmin: Middleware
}

/** `GET /admin/users`: a page of users in the order of their usernames; `search` narrows it to names and addresses. */
export function listUsers({ administration, requireAdmin }: AdminUsersDeps): Middleware[] {
  return [
    requireAdmin,
    requireQuery(userListQuery),
    async function answerUsers(ctx) {
      const page = await administration.list(placeInUsers(ctx.state.query as UserListQuery))
      ctx.set('Cache-Control', 'no-store')
      ctx.body = userPage(page)
    }
  ]
}

/** `GET /admin/users/:id` */
export function showUser({ administration, requireAdmin }: AdminUsersDeps): Middleware[] {
  return [
    requireAdmin,
    requireUserId,
    async function answerUser(ctx) {
      const user = await administration.find(ctx.params.id)
      if (!user) throw unknownUser()
      ctx.set('Cache-Control', 'no-store')
      ctx.body = userSummary(user)
    }
  ]
}

/** `PATCH /admin/users/:id`: disables or enables a user, or gives roles. */
export function changeUser({ administration, relay, requireAdmin }: AdminUsersDeps): Middleware[] {
  return [
    requireAdmin,
    requireUserId,
    requireJsonBody(userChangeBody),
    async function answerChange(ctx) {
      const { disabled: isDisabled, roles } = ctx.state.body as UserChangeBody
      const change = { isDisabled, roles: roles && [...new Set(roles)] }
      const result = await administration.change(ctx.params.id, change, ctx.state.accessToken.sub)
      if (result.outcome === 'unknown') throw unknownUser()
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'last_admin') {
        throw new ConflictError({
          code: 'last_admin',
          description: 'This would leave no enabled admin. Make another one first.'
        })
      }
      await relay.announce(result.entries)
      ctx.set('Cache-Control', 'no-store')
      ctx.body = userSummary(result.user)
    }
  ]
}

/** `GET /admin/users/:id/sessions`: a page of the user's live sessions, the newest first; there are at most `SESSIONS_PER_USER`. */
export function listUserSessions({ administration, families, requireAdmin }: AdminUsersDeps): Middleware[] {
  return [
    requireAdmin,
    requireUserId,
    requireQuery(sessionListQuery),
    async function answerSessions(ctx) {
      const place = placeInSessions(ctx.state.query as SessionListQuery)
      if (!(await administration.find(ctx.params.id))) throw unknownUser()
      const { sessions, next } = await families.list(ctx.params.id, place)
      ctx.set('Cache-Control', 'no-store')
      ctx.body = { sessions: sessions.map(sessionSummary), next_cursor: sessionCursor(next) }
    }
  ]
}

/** `DELETE /admin/users/:id/sessions`: ends all sessions of the user. */
export function endUserSessions({ administration, families, relay, requireAdmin }: AdminUsersDeps): Middleware[] {
  return [
    requireAdmin,
    requireUserId,
    async function endSessions(ctx) {
      if (!(await administration.find(ctx.params.id))) throw unknownUser()
      const { entries } = await families.endAll(ctx.params.id, byAdmin(ctx))
      await relay.announce(entries)
      ctx.status = 204
    }
  ]
}

/** `DELETE /admin/users/:id/sessions/:session_id`: ends one session of the user. */
export function endUserSession({ families, relay, requireAdmin }: AdminUsersDeps): Middleware[] {
  return [
    requireAdmin,
    requireUserId,
    async function endSession(ctx) {
      const { id: userId, session_id: familyId } = ctx.params
      const { ended, entries } = isUuid(familyId)
        ? await families.end({ familyId, userId }, byAdmin(ctx))
        : { ended: 0, entries: [] }
      if (ended === 0) throw new NotFoundError({ description: 'The user has no live session with this id.' })
      await relay.announce(entries)
      ctx.status = 204
    }
  ]
}

async function requireUserId(ctx: Context, next: Next): Promise<void> {
  if (!isUuid(ctx.params.id)) throw unknownUser()
  await next()
}

function byAdmin(ctx: Context): { reason: 'ended_by_admin'; actorId: string } {
  return { reason: 'ended_by_admin', actorId: ctx.state.accessToken.sub }
}

function unknownUser(): NotFoundError {
  return new NotFoundError({ description: 'There is no user with this id.' })
}
