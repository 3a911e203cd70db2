import { AccessDeniedError, InvalidGrantError } from '@countersign/oauth'
import { defineRoute } from '../../routing/route.ts'
import { endPresentedSession } from '../../sessions/end-presented-session.ts'
import type { RefreshTokenCodec } from '../../sessions/refresh-tokens.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import type { DpopKey } from '../../tokens/dpop-key.ts'
import { logoutBody } from '../../wire/account.ts'

export interface LogoutDeps {
  sessions: Sessions
  refreshTokens: RefreshTokenCodec
  firstParty: { readonly clientId: string }
}

/** `POST /auth/logout`: ends the session of the access token, or of the refresh token in the body. */
export const logout = defineRoute(
  {
    method: 'post',
    path: '/auth/logout',
    summary: 'End this session: the one of the access token, or of the refresh token in the body',
    access: 'refresh-token-or-user',
    body: logoutBody,
    bodyFormat: 'optional-json',
    response: { status: 204 }
  },
  (deps: LogoutDeps) =>
    async ({ body, accessToken, dpopKey }) => {
      if (body.refresh_token !== undefined) await endSessionOf(deps, body.refresh_token, dpopKey)
      else if (accessToken) {
        await deps.sessions.end({ familyId: accessToken.sid, userId: accessToken.sub }, { reason: 'logout' })
      }
    }
)

/** Accepts any generation of the family, since its owner ends them all. A family that has already ended is fine. */
async function endSessionOf(
  { sessions, refreshTokens, firstParty: { clientId } }: LogoutDeps,
  refreshToken: string,
  dpopKey: DpopKey | undefined
): Promise<void> {
  const content = refreshTokens.decode(refreshToken)
  if (!content) throw new InvalidGrantError({ description: 'The refresh token is not one of this issuer.' })
  await endPresentedSession(sessions, { familyId: content.familyId, clientId, dpopKey }, { reason: 'logout' })
}

/** `POST /auth/logout-all`: ends all sessions of the user. */
export const logoutAll = defineRoute(
  {
    method: 'post',
    path: '/auth/logout-all',
    summary: 'End all sessions of the user',
    access: 'user-in-person',
    response: { status: 204 }
  },
  ({ sessions }: LogoutDeps) =>
    async ({ accessToken }) => {
      await sessions.endAll(accessToken.sub, { reason: 'logout_all' })
    }
)

/** `POST /auth/logout-others`: ends all sessions of the user except this one. */
export const logoutOthers = defineRoute(
  {
    method: 'post',
    path: '/auth/logout-others',
    summary: 'End all sessions of the user but this one',
    access: 'user-in-person',
    response: { status: 204 }
  },
  ({ sessions }: LogoutDeps) =>
    async ({ accessToken }) => {
      const result = await sessions.endOthers(accessToken.sub, accessToken.sid, { reason: 'logout_others' })
      if (!result) throw new AccessDeniedError({ description: 'This session has ended; the others continue.' })
    }
)
