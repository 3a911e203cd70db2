import { requireForm } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import type { ClientAuthenticationDeps } from '../clients/client-authentication.ts'
import type { ConfirmedClient } from '../clients/client-store.ts'
import type { RevocationOutbox } from '../revocation/revocation-outbox.ts'
import type { RevocationRelay } from '../revocation/revocation-relay.ts'
import type { RefreshTokenFamilies } from '../sessions/refresh-token-families.ts'
import type { RefreshTokenCodec } from '../sessions/refresh-tokens.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'
import type { OwnAccessTokens } from '../tokens/own-access-tokens.ts'
import { type TokenActionForm, tokenActionForm } from './oauth-forms.ts'
import { endPresentedFamily, unprovenKey } from './presented-family.ts'
import { type ProofOfPossessionDeps, takeProof } from './proof-of-possession.ts'
import { requireClient } from './require-client.ts'

export interface RevokeDeps {
  clientAuthentication: ClientAuthenticationDeps
  refreshTokens: RefreshTokenCodec
  families: RefreshTokenFamilies
  ownTokens: OwnAccessTokens
  outbox: Pick<RevocationOutbox, 'revokeToken'>
  relay: RevocationRelay
  proofs: ProofOfPossessionDeps
}

/**
 * `POST /oauth/revoke` (RFC 7009): ends a token that was issued to the client. A refresh token, of any generation, takes its
 * session along, with every access token of it. What is unknown, of another client, or over already, gets 200 all the same.
 * A refresh token that is bound to a key needs a proof of it, since a thief could end the session, and so does an access token of
 * a public client.
 */
export function revoke(deps: RevokeDeps): Middleware[] {
  return [
    requireForm(tokenActionForm),
    requireClient(deps.clientAuthentication),
    takeProof(deps.proofs),
    async function answerRevocation(ctx) {
      const { token } = ctx.state.form as TokenActionForm
      const { client, dpopKey } = ctx.state as { client: ConfirmedClient; dpopKey: DpopKey | undefined }
      await deps.relay.announce(await revokeToken(deps, token, { client, dpopKey }))
      ctx.set('Cache-Control', 'no-store')
      ctx.status = 200
      ctx.body = ''
    }
  ]
}

async function revokeToken(
  { refreshTokens, families, ownTokens, outbox }: RevokeDeps,
  token: string,
  { client, dpopKey }: { client: ConfirmedClient; dpopKey: DpopKey | undefined }
) {
  const { id: clientId } = client
  const content = refreshTokens.decode(token)
  if (content) {
    const presented = { familyId: content.familyId, clientId, dpopKey }
    return endPresentedFamily(families, presented, { reason: 'token_revoked' })
  }
  const claims = await ownTokens.read(token)
  if (claims?.client_id !== clientId) return []
  await dpopKey?.markUsed()
  // A client that has authenticated itself is no thief, and client libraries send no proof here.
  const isThiefPossible = client.authMethod === 'none'
  if (isThiefPossible && claims.cnf && claims.cnf.jkt !== dpopKey?.jkt) throw unprovenKey()
  return outbox.revokeToken({ jti: claims.jti, expiresAt: claims.exp, clientId })
}
