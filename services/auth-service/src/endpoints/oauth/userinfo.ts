import { AccessDeniedError } from '@countersign/oauth'
import type { VerifiedAccessToken } from '@countersign/verifier'
import { defineRoute } from '../../routing/route.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import { userClaims } from '../../tokens/id-tokens.ts'
import { userinfoAudience } from '../../tokens/identity-scopes.ts'
import { audienceOf } from '../../tokens/own-access-tokens.ts'
import { userinfo } from '../../wire/authorization.ts'

export interface UserinfoDeps {
  issuer: string
  sessions: Pick<Sessions, 'identityOf'>
}

const statement = {
  path: '/oauth/userinfo',
  access: 'identity-reader',
  allowsOtherOrigins: true,
  response: { status: 200, schema: userinfo }
} as const

type UserinfoRequest = { readonly accessToken: VerifiedAccessToken & { readonly sid: string } }

/** `GET` and `POST /oauth/userinfo` (OpenID Connect Core §5.3): what a client may know of the user of its token, as it is now. */
const respond =
  ({ sessions, issuer }: UserinfoDeps) =>
  async ({ accessToken }: UserinfoRequest) => {
    const { sub, sid, cnf } = accessToken
    const identity = await sessions.identityOf({ familyId: sid, userId: sub })
    const shown = scopesShownTo(accessToken, issuer)
    const scopes = identity?.scopes.filter((one) => shown.includes(one))
    if (!identity || !scopes?.includes('openid')) {
      throw new AccessDeniedError({
        description: 'This token, or the sign-in behind it, was not granted openid.',
        headers: { 'WWW-Authenticate': `${cnf ? 'DPoP' : 'Bearer'} error="insufficient_scope", scope="openid"` }
      })
    }
    return { sub, ...userClaims(identity, scopes) }
  }

/** A token for an API shows no more than it says itself: the API that gets it must not look up the addresses of its users. */
function scopesShownTo(accessToken: VerifiedAccessToken, issuer: string): readonly string[] {
  const { scope, preferred_username: username } = accessToken
  if (audienceOf(accessToken).includes(userinfoAudience(issuer))) return scope?.split(' ') ?? []
  return username === undefined ? ['openid'] : ['openid', 'profile']
}

export const showUserinfo = defineRoute(
  {
    ...statement,
    method: 'get',
    summary: 'The claims about the user that a client may see (OpenID Connect Core §5.3)'
  },
  respond
)
export const showUserinfoByPost = defineRoute({ ...statement, method: 'post', summary: 'The same, by POST' }, respond)
