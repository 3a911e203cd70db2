import type { ConfirmedClient } from '../../clients/client-store.ts'
import type { Announcing } from '../../revocation/announcing.ts'
import type { RevocationOutbox } from '../../revocation/revocation-outbox.ts'
import { defineRoute } from '../../routing/route.ts'
import { endPresentedSession, unprovenKey } from '../../sessions/end-presented-session.ts'
import type { RefreshTokenCodec } from '../../sessions/refresh-tokens.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import type { DpopKey } from '../../tokens/dpop-key.ts'
import type { OwnAccessTokens } from '../../tokens/own-access-tokens.ts'
import { tokenActionForm } from '../../wire/oauth.ts'

export interface RevokeDeps {
  refreshTokens: RefreshTokenCodec
  sessions: Pick<Sessions, 'endPresented'>
  ownTokens: OwnAccessTokens
  accessTokenRevocation: Announcing<Pick<RevocationOutbox, 'revokeToken'>>
}

/**
 * `POST /oauth/revoke` (RFC 7009): ends a token that was issued to the client. A refresh token of any generation ends its
 * session with all access tokens. Unknown, foreign and ended tokens get 200, too. A key-bound refresh token needs a proof of
 * its key, or a thief could end the session; so does an access token of a public client.
 */
export const revoke = defineRoute(
  {
    method: 'post',
    path: '/oauth/revoke',
    summary: 'End a token that was issued to the client (RFC 7009)',
    access: 'client',
    body: tokenActionForm,
    bodyFormat: 'form',
    takesProof: true,
    allowsOtherOrigins: true,
    response: { status: 200 }
  },
  (deps: RevokeDeps) =>
    async ({ body: { token }, client, dpopKey }) => {
      const content = deps.refreshTokens.decode(token)
      if (!content) return revokeAccessToken(deps, token, client, dpopKey)
      const presented = { familyId: content.familyId, clientId: client.id, dpopKey }
      await endPresentedSession(deps.sessions, presented, { reason: 'token_revoked' })
    }
)

async function revokeAccessToken(
  { ownTokens, accessTokenRevocation }: RevokeDeps,
  token: string,
  { id: clientId, authMethod }: ConfirmedClient,
  dpopKey: DpopKey | undefined
): Promise<void> {
  const claims = await ownTokens.read(token)
  if (claims?.client_id !== clientId) return
  await dpopKey?.markUsed()
  // An authenticated client is not a thief, and client libraries send no proof here.
  const isThiefPossible = authMethod === 'none'
  if (isThiefPossible && claims.cnf && claims.cnf.jkt !== dpopKey?.jkt) throw unprovenKey()
  await accessTokenRevocation.revokeToken({ jti: claims.jti, expiresAt: claims.exp, clientId })
}
