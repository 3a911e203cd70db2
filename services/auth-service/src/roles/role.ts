/** A scope of an API, as a role holds it. */
export interface HeldScope {
  /** The API's identifier. */
  readonly api: string
  readonly scope: string
}

/** A name that users have. What a user may do at an API is what all roles of the user hold there. */
export interface Role {
  readonly name: string
  readonly description: string
  /** In the order of APIs and scopes. */
  readonly scopes: readonly HeldScope[]
  readonly createdAt: Date
}

/** The role that every account has, without being given it. */
export const everyonesRole = 'user'

/** Roles that are there from the start, and stay. */
export const builtInRoles: readonly string[] = ['admin', everyonesRole]
