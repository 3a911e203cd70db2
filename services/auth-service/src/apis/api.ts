/** A scope of an API (RFC 6749 §3.3). */
export interface ApiScope {
  readonly name: string
  /** A sentence that people understand. */
  readonly description: string
}

/** A resource server (RFC 8707): what access tokens are for. */
export interface Api {
  /** Its name in paths. */
  readonly id: string
  /** Its name in `aud` and `resource`: a URI, compared letter by letter. */
  readonly identifier: string
  readonly name: string
  /** Whether users' tokens for it carry those of their roles that hold a scope of it. */
  readonly carriesRoles: boolean
  /** In the order of their names. */
  readonly scopes: readonly ApiScope[]
  readonly createdAt: Date
}

/** How many scopes an API may have: a token with all of them has to be short enough for verifiers. */
export const maxApiScopes = 40

export const maxApiNameLength = 100

/** The name of an API that was given none. */
export function defaultApiName(identifier: string): string {
  return identifier.slice(0, maxApiNameLength)
}

/** The API of `API_AUDIENCE`, unless it is registered already: sign-ins that name no resource get tokens for it. */
export function firstApi(identifier: string) {
  return { identifier, name: defaultApiName(identifier), carriesRoles: true, scopes: [] }
}
