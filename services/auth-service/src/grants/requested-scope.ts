import { InvalidScopeError, InvalidTargetError, UnauthorizedClientError } from '@countersign/oauth'
import type { Client, ClientGrantType } from '../clients/client.ts'
import { readResources, readScopes } from '../tokens/requested-grant.ts'

/** The most that a token request can get. */
export interface RequestedScope {
  /** The `scope` parameter: space-separated (RFC 6749 §3.3). */
  readonly scope?: string | undefined
  /** The `resource` parameters (RFC 8707 §2). */
  readonly resource?: readonly string[] | undefined
}

/** @throws {UnauthorizedClientError} when the client may not use the grant */
export function requireGrantType(client: Client, grantType: ClientGrantType): void {
  if (!client.grantTypes.includes(grantType)) {
    throw new UnauthorizedClientError({ description: 'This client may not use this grant type.' })
  }
}

/** All that is allowed, or what is asked for of it. @throws {InvalidScopeError} for more than is allowed */
export function narrowScopes(allowed: readonly string[], scope: string | undefined): string[] {
  const wanted = readScopes(scope)
  if (wanted?.some((one) => !allowed.includes(one))) throw new InvalidScopeError()
  return wanted ?? [...allowed]
}

/** Everything that is allowed, or the requested part of it. @throws {InvalidTargetError} for more, or when nothing is left */
export function narrowAudience(allowed: readonly string[], resource: readonly string[] | undefined): string[] {
  const wanted = readResources(resource)
  if (wanted?.some((one) => !allowed.includes(one))) throw new InvalidTargetError()
  const audience = wanted ?? [...allowed]
  if (audience.length === 0)
    throw new InvalidTargetError({ description: 'There is nothing that the token could be for.' })
  return audience
}
