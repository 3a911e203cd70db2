import type { AccessTokenResponse } from '@countersign/oauth'
import type { ConfirmedClient } from '../clients/client-store.ts'
import type { AccessTokenIssuer } from '../tokens/access-tokens.ts'
import type { ProvenKey } from '../tokens/proven-key.ts'
import { createAccessTokenResponse } from '../tokens/token-responses.ts'
import { narrowAudience, narrowScopes, type RequestedLimits, requireGrantType } from './grant-limits.ts'

export interface ClientCredentialsDeps {
  accessTokens: AccessTokenIssuer
  /** Lifetime of tokens of clients that have none of their own. */
  accessTokenTtlSeconds: number
}

export interface ClientCredentialsRequest extends RequestedLimits {
  /** Authenticated. */
  readonly client: ConfirmedClient
  /** The token is bound to it (RFC 9449 §5). */
  readonly provenKey: ProvenKey | undefined
}

/**
 * The client_credentials grant (RFC 6749 §4.4): a token by which a client speaks for itself. Its `sid` is the client's
 * credential epoch, so that disabling the client ends it.
 * @throws {UnauthorizedClientError} when the client may not use the grant
 * @throws {InvalidScopeError} {@link InvalidTargetError} for more than the client has
 */
export async function clientCredentials(
  { accessTokens, accessTokenTtlSeconds }: ClientCredentialsDeps,
  { client, scope, resource, provenKey }: ClientCredentialsRequest
): Promise<AccessTokenResponse> {
  requireGrantType(client, 'client_credentials')
  const scopes = narrowScopes(client.scopes, scope)
  const audience = narrowAudience(client.audiences, resource)
  const lifetime = client.accessTokenTtlSeconds ?? accessTokenTtlSeconds
  await provenKey?.claim()
  return createAccessTokenResponse(accessTokens, {
    subject: client.id,
    clientId: client.id,
    sid: client.epoch,
    scope: scopes.join(' '),
    audience,
    issuedAt: client.issuedAt,
    expiresAt: client.issuedAt + lifetime,
    signingKid: client.signingKid,
    jkt: provenKey?.jkt
  })
}
