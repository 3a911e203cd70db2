import { type AccessTokenResponse, InvalidClientError, OAuthError } from '@countersign/oauth'
import type { ClientStore, ConfirmedClient } from '../clients/client-store.ts'
import { createAccessTokenResponse } from '../tokens/access-token-response.ts'
import type { AccessTokenIssuer } from '../tokens/access-tokens.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'
import { narrowAudience, narrowScopes, type RequestedScope, requireGrantType } from './requested-scope.ts'

export interface ClientCredentialsDeps {
  clients: ClientStore
  accessTokens: AccessTokenIssuer
  /** Lifetime of tokens of clients that have none of their own. */
  accessTokenTtlSeconds: number
}

export interface ClientCredentialsRequest extends RequestedScope {
  /** Authenticated. */
  readonly client: ConfirmedClient
  /** The token is bound to this key (RFC 9449 §5). */
  readonly dpopKey: DpopKey | undefined
}

/**
 * The client_credentials grant (RFC 6749 §4.4): a token by which a client acts for itself. Its `sid` is the client's
 * credential id, so that disabling the client ends it.
 * @throws {UnauthorizedClientError} when the client may not use the grant
 * @throws {InvalidScopeError} {@link InvalidTargetError} for more than the client has
 */
export async function clientCredentials(
  { clients, accessTokens, accessTokenTtlSeconds }: ClientCredentialsDeps,
  { client: authenticated, dpopKey, ...limits }: ClientCredentialsRequest
): Promise<AccessTokenResponse> {
  const { client, scopes, audience } = await grantTo(clients, authenticated, limits)
  const lifetime = client.accessTokenTtlSeconds ?? accessTokenTtlSeconds
  await dpopKey?.markUsed()
  return createAccessTokenResponse(accessTokens, {
    subject: client.id,
    clientId: client.id,
    sid: client.credentialId,
    scope: scopes.join(' '),
    audience,
    issuedAt: client.issuedAt,
    expiresAt: client.issuedAt + lifetime,
    signingKid: client.signingKid,
    jkt: dpopKey?.jkt
  })
}

interface Granted {
  readonly client: ConfirmedClient
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
}

/** The database may allow what the cache rejects: the client may have more rights since. */
async function grantTo(clients: ClientStore, client: ConfirmedClient, limits: RequestedScope): Promise<Granted> {
  try {
    return grant(client, limits)
  } catch (error) {
    if (!client.isCached || !(error instanceof OAuthError)) throw error
    const current = await clients.findEnabled(client.id)
    // Every removal of a key or secret changes the credential id: if it is the same, the credential is still valid.
    if (current?.credentialId !== client.credentialId)
      throw new InvalidClientError({ detail: 'the client has changed meanwhile' })
    return grant(current, limits)
  }
}

function grant(client: ConfirmedClient, { scope, resource }: RequestedScope): Granted {
  requireGrantType(client, 'client_credentials')
  const scopes = narrowScopes(client.scopes, scope)
  return { client, scopes, audience: narrowAudience(client.audiences, resource) }
}
