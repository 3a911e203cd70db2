import { NotFoundError } from '@countersign/oauth'
import { displayNameOf } from '../../accounts/display-names.ts'
import type { UserProfile, UserStore } from '../../accounts/user-store.ts'
import { defineRoute, type UserAccessToken } from '../../routing/route.ts'
import { ownProfile, profileChange } from '../../wire/account.ts'
import { ownProfileSummary } from '../../wire/users.ts'

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
      return ownProfileOf(user, accessToken)
    }
)

/** `PATCH /auth/me`: changes what needs no proof. */
export const changeMe = defineRoute(
  {
    method: 'patch',
    path: '/auth/me',
    summary: "Change the user's display name, and the language of mail and pages",
    access: 'user-in-person',
    body: profileChange,
    response: { status: 200, schema: ownProfile },
    errors: [404]
  },
  ({ users }: { users: Pick<UserStore, 'changeProfile'> }) =>
    async ({ body, accessToken, origin }) => {
      const { sub: userId, sid: sessionId } = accessToken
      const change = { language: body.language, displayName: displayNameOf(body.display_name) }
      return ownProfileOf(await users.changeProfile({ userId, sessionId, origin, ...change }), accessToken)
    }
)

function ownProfileOf(user: UserProfile | undefined, { sid }: UserAccessToken) {
  if (!user) throw new NotFoundError({ description: 'This user no longer exists or is disabled.' })
  return { ...ownProfileSummary(user), session_id: sid }
}
