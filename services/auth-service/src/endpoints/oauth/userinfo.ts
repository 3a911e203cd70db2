import { AccessDeniedError } from '@countersign/oauth'
import { defineRoute } from '../../routing/route.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import { userClaims } from '../../tokens/id-tokens.ts'
import { userinfo } from '../../wire/authorization.ts'

export interface UserinfoDeps {
  sessions: Pick<Sessions, 'identityOf'>
}

const statement = {
  path: '/oauth/userinfo',
  access: 'identity-reader',
  allowsOtherOrigins: true,
  response: { status: 200, schema: userinfo }
} as const

type UserinfoRequest = { readonly accessToken: { readonly sub: string; readonly sid: string; readonly cnf?: unknown } }

/** `GET` and `POST /oauth/userinfo` (OpenID Connect Core §5.3): what a client may know of the user of its token, as it is now. */
const respond =
  ({ sessions }: UserinfoDeps) =>
  async ({ accessToken: { sub, sid, cnf } }: UserinfoRequest) => {
    const identity = await sessions.identityOf({ familyId: sid, userId: sub })
    if (!identity?.scopes.includes('openid')) {
      throw new AccessDeniedError({
        description: 'The sign-in of this token was not granted openid.',
        headers: { 'WWW-Authenticate': `${cnf ? 'DPoP' : 'Bearer'} error="insufficient_scope", scope="openid"` }
      })
    }
    return { sub, ...userClaims(identity, identity.scopes) }
  }

export const showUserinfo = defineRoute(
  { ...statement, method: 'get', summary: 'What a client may know of its user (OpenID Connect Core §5.3)' },
  respond
)
export const showUserinfoByPost = defineRoute({ ...statement, method: 'post', summary: 'The same, by POST' }, respond)
