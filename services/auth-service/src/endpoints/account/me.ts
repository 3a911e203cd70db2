import { NotFoundError } from '@countersign/oauth'
import type { UserStore } from '../../accounts/user-store.ts'
import { defineRoute } from '../../routing/route.ts'
import { ownProfile } from '../../wire/account.ts'
import { profileSummary } from '../../wire/users.ts'

/** `GET /auth/me`: the user's current profile. */
export const me = defineRoute(
  {
    method: 'get',
    path: '/auth/me',
    summary: "Show the user's profile",
    access: 'user',
    response: { status: 200, schema: ownProfile },
    errors: [404]
  },
  ({ users }: { users: Pick<UserStore, 'findProfile'> }) =>
    async ({ accessToken }) => {
      const user = await users.findProfile(accessToken.sub)
      if (!user) throw new NotFoundError({ description: 'This user no longer exists or is disabled.' })
      return { ...profileSummary(user), email_verified: user.emailVerifiedAt !== null, session_id: accessToken.sid }
    }
)
