import {
  type AccessTokenVerifier,
  requireClaims,
  TokenClaimError,
  type VerifiedAccessToken
} from '@countersign/verifier'
import { clientIdPattern, isUuid } from '../identifiers.ts'
import { maxAccessTokenTtlSeconds } from './access-tokens.ts'

/**
 * The same verifier, for tokens whose identifiers have the form that this issuer gives them. Every route and grant reads
 * tokens through it, so nothing else reaches SQL as an id, even when a valid signature is on it.
 * @throws {TokenClaimError} from `verify` and `check`, naming the claim
 */
export function requireIssuedForm<V extends Pick<AccessTokenVerifier, 'verify' | 'check'>>(verifier: V): V {
  return requireClaims(verifier, (claims) => {
    const misfit = findMisfit(claims)
    if (misfit === undefined) return
    throw new TokenClaimError(misfit, { detail: `${misfit} is not one that this issuer makes` })
  })
}

function findMisfit({
  jti,
  sid,
  sub,
  client_id: clientId,
  iat,
  exp,
  act,
  preferred_username: username
}: VerifiedAccessToken) {
  if (!isUuid(jti)) return 'jti'
  if (!isUuid(sid)) return 'sid'
  if (!clientIdPattern.test(clientId)) return 'client_id'
  // Tokens of users carry a username; a service may act for a client, whose token has none.
  const isClient = username === undefined && (sub === clientId || act !== undefined) && clientIdPattern.test(sub)
  if (!isUuid(sub) && !isClient) return 'sub'
  if (!(exp - iat <= maxAccessTokenTtlSeconds)) return 'exp'
  return hasForeignActor(act) ? 'act' : undefined
}

function hasForeignActor(act: VerifiedAccessToken['act']): boolean {
  for (let actor = act; actor; actor = actor.act) {
    if (!clientIdPattern.test(actor.sub) || !isUuid(actor.sid)) return true
  }
  return false
}
