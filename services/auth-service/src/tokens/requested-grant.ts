import { audiencePattern, InvalidScopeError, InvalidTargetError } from '@countersign/oauth'

/** A scope (RFC 6749 §3.3). */
export const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/

/** The scope that lets a token use its user's account, at the issuer and in its admin API. Every user holds it there. */
export const accountScope = 'account'

/** What a user's token is asked to be for. */
export interface RequestedGrant {
  readonly scopes: readonly string[] | undefined
  readonly resource: string | undefined
}

/**
 * Reads what a user's token is to be for from a body.
 * @throws {InvalidScopeError} when malformed, {@link InvalidTargetError} also for several APIs: each token is for one
 */
export function readGrant(body: {
  scope?: string | undefined
  resource?: string | readonly string[] | undefined
}): RequestedGrant {
  const { scope, resource } = body
  const resources = readResources(typeof resource === 'string' ? [resource] : resource)
  if (resources !== undefined && resources.length > 1) {
    throw new InvalidTargetError({ description: 'A token is for one API: name one resource.' })
  }
  return { scopes: readScopes(scope), resource: resources?.[0] }
}

/** @returns the scopes of the parameter, each once; `undefined` without it. @throws {InvalidScopeError} when malformed */
export function readScopes(scope: string | undefined): string[] | undefined {
  if (scope === undefined) return undefined
  const scopes = scope.split(' ')
  if (!scopes.every((one) => scopePattern.test(one))) throw new InvalidScopeError()
  return [...new Set(scopes)]
}

/** @returns the resources, each once. @throws {InvalidTargetError} for what can name no API */
export function readResources(resource: readonly string[] | undefined): string[] | undefined {
  if (resource === undefined) return undefined
  if (!resource.every((one) => audiencePattern.test(one))) throw new InvalidTargetError()
  return [...new Set(resource)]
}

export function noScopeLeft(): InvalidScopeError {
  return new InvalidScopeError({ description: 'None of the scopes is held by a role of this user at this API.' })
}

export function unknownApi(): InvalidTargetError {
  return new InvalidTargetError({ description: 'No API is registered by this name.' })
}
