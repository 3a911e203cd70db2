import { NotFoundError } from '@countersign/oauth'
import type { Middleware } from 'koa'
import type { UserStore } from '../accounts/user-store.ts'

/** `GET /auth/me`: the user's profile as the database has it now. */
export function me({ users, requireAccessToken }: { users: UserStore; requireAccessToken: Middleware }): Middleware[] {
  return [
    requireAccessToken,
    async function answerProfile(ctx) {
      const { sub, sid } = ctx.state.accessToken
      const user = await users.findProfile(sub)
      if (!user) throw new NotFoundError({ description: 'This user no longer exists or is disabled.' })
      ctx.set('Cache-Control', 'no-store')
      ctx.body = {
        id: user.id,
        username: user.username,
        email: user.email,
        roles: user.roles,
        created_at: user.createdAt.toISOString(),
        session_id: sid
      }
    }
  ]
}
