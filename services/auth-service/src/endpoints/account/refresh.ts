import { type RefreshDeps, refresh as refreshGrant } from '../../grants/refresh.ts'
import { defineRoute } from '../../routing/route.ts'
import type { FirstPartyGrant } from '../../sign-in/complete-sign-in.ts'
import { readGrant } from '../../tokens/requested-grant.ts'
import { refreshBody, tokenResponse } from '../../wire/account.ts'

export interface AccountRefreshDeps extends RefreshDeps {
  firstParty: FirstPartyGrant
}

/** `POST /auth/refresh`: rotates a refresh token of this service's own client. */
export const refresh = defineRoute(
  {
    method: 'post',
    path: '/auth/refresh',
    summary: 'Rotate a refresh token',
    access: 'public',
    body: refreshBody,
    takesProof: true,
    response: { status: 200, schema: tokenResponse }
  },
  (deps: AccountRefreshDeps) =>
    ({ body, dpopKey, origin }) =>
      refreshGrant(deps, {
        refreshToken: body.refresh_token,
        clientId: deps.firstParty.clientId,
        ...readGrant(body),
        dpopKey,
        origin
      })
)
