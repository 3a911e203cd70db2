import { createHash } from 'node:crypto'
import {
  type AccessTokenResponse,
  InvalidGrantError,
  InvalidRequestError,
  InvalidScopeError,
  InvalidTargetError
} from '@countersign/oauth'
import type { ClientInfo } from '../client-info.ts'
import type { ConfirmedClient } from '../clients/client-store.ts'
import { sha256 } from '../hashes.ts'
import type { IssuerMetrics } from '../metrics.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { networkOf } from '../sign-in/networks.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'
import { type ClientTokenDeps, createClientTokens } from './client-tokens.ts'

export interface AuthorizationCodeDeps extends ClientTokenDeps {
  sessions: Sessions
  metrics: IssuerMetrics
}

export interface AuthorizationCodeRequest {
  /** Authenticated. */
  readonly client: ConfirmedClient
  readonly code: string
  readonly redirectUri: string
  readonly verifier: string | undefined
  readonly resource: readonly string[] | undefined
  readonly dpopKey: DpopKey | undefined
  readonly origin: ClientInfo
}

/**
 * The authorization_code grant (RFC 6749 §4.1.3, RFC 7636 §4.5, OpenID Connect Core §3.1.3).
 * @throws {InvalidGrantError} for a code that is unknown, expired, used, or bound to something else; and when the user has changed a
 * credential or signed out meanwhile
 */
export async function exchangeCode(
  deps: AuthorizationCodeDeps,
  { client, code, redirectUri, verifier, resource, dpopKey, origin }: AuthorizationCodeRequest
): Promise<AccessTokenResponse> {
  if (verifier !== undefined && !/^[\w.~-]{43,128}$/.test(verifier))
    throw new InvalidRequestError({ description: 'The code_verifier is malformed.' })
  await dpopKey?.markUsed()
  const jkt = dpopKey?.jkt
  const result = await deps.sessions.exchangeCode({
    codeHash: sha256(code),
    clientId: client.id,
    credentialId: client.credentialId,
    redirectUri,
    challenge: verifier === undefined ? undefined : createHash('sha256').update(verifier).digest('base64url'),
    resource,
    jkt,
    network: networkOf(origin.address),
    origin
  })
  deps.metrics.countCodeExchange(result.outcome)
  switch (result.outcome) {
    case 'exchanged':
      return createClientTokens(deps, { session: result.session, client, nonce: result.nonce, jkt })
    case 'exceeds_scope':
      throw new InvalidScopeError({ description: 'None of the scopes is held by a role of this user at this API.' })
    case 'other_resource':
    case 'exceeds_audience':
      throw new InvalidTargetError({ description: 'The code is not for this resource.' })
    default:
      throw new InvalidGrantError({
        description: 'The code is invalid, expired or used, or was issued for another request.',
        detail: `the code is ${result.outcome}`
      })
  }
}
