import { audiencePattern, InvalidScopeError, InvalidTargetError, UnauthorizedClientError } from '@countersign/oauth'
import { type Client, type ClientGrantType, scopePattern } from '../clients/client.ts'

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

/** @returns the scopes of the parameter, each once; `undefined` without it. @throws {InvalidScopeError} when malformed */
export function readScopes(scope: string | undefined): string[] | undefined {
  if (scope === undefined) return undefined
  const scopes = scope.split(' ')
  if (!scopes.every((one) => scopePattern.test(one))) throw new InvalidScopeError()
  return [...new Set(scopes)]
}

/** @returns the resources, each once. @throws {InvalidTargetError} for a value that cannot name an API */
export function readResources(resource: readonly string[] | undefined): string[] | undefined {
  if (resource === undefined) return undefined
  if (!resource.every((one) => audiencePattern.test(one))) throw new InvalidTargetError()
  return [...new Set(resource)]
}

/** Everything that is allowed, or the requested part of it. @throws {InvalidScopeError} for more than is allowed */
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
