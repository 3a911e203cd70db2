import type { HeldScope, Role } from './role.ts'

export type NewRole = Pick<Role, 'name' | 'description' | 'scopes'>

/** What is to be different; a member that is absent stays as it is. */
export interface RoleChange {
  readonly description?: string | undefined
  /** All the scopes that it holds afterwards. */
  readonly scopes?: readonly HeldScope[] | undefined
  /** Whether sessions end whose users lose a scope. Else it counts at their next refresh. */
  readonly endsSessions?: boolean | undefined
}

export interface RolePage {
  readonly roles: readonly Role[]
  /** The name that the next page begins after; `undefined` on the last one. */
  readonly next: string | undefined
}

export type RoleCreationOutcome =
  | { readonly outcome: 'created'; readonly role: Role }
  | { readonly outcome: 'taken' }
  | { readonly outcome: 'not_an_admin' }
  /** No API has this scope. */
  | { readonly outcome: 'unknown_scope'; readonly scope: HeldScope }

export type RoleChangeOutcome =
  | { readonly outcome: 'changed'; readonly role: Role }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'not_an_admin' }
  | { readonly outcome: 'unknown_scope'; readonly scope: HeldScope }

export type RoleDeletionOutcome = { readonly outcome: 'deleted' | 'unknown' | 'not_an_admin' | 'in_use' }

/** What admins and the command line do with roles. Without an actor it is the operator at the command line. */
export interface RoleAdministration {
  /** Roles in the order of their names. */
  list(query: { after: string | undefined; limit: number }): Promise<RolePage>
  find(name: string): Promise<Role | undefined>
  create(role: NewRole, actorId: string | undefined): Promise<RoleCreationOutcome>
  change(name: string, change: RoleChange, actorId: string | undefined): Promise<RoleChangeOutcome>
  /** Deletes a role that no user has. */
  delete(name: string, actorId: string | undefined): Promise<RoleDeletionOutcome>
}
