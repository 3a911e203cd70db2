import type { Api, ApiScope } from './api.ts'

export type NewApi = Pick<Api, 'identifier' | 'name' | 'carriesRoles' | 'scopes'>

/** What is to be different; a member that is absent stays as it is. */
export interface ApiChange {
  readonly name?: string | undefined
  readonly carriesRoles?: boolean | undefined
  /** All the scopes that it has afterwards. One that goes is taken from every role. */
  readonly scopes?: readonly ApiScope[] | undefined
  /** Whether sessions end whose users lose a scope. Else it counts at their next refresh. */
  readonly endsSessions?: boolean | undefined
}

export interface ApiPage {
  readonly apis: readonly Api[]
  /** The identifier that the next page begins after; `undefined` on the last one. */
  readonly next: string | undefined
}

export type ApiCreationOutcome =
  | { readonly outcome: 'created'; readonly api: Api }
  | { readonly outcome: 'taken' }
  | { readonly outcome: 'not_an_admin' }

export type ApiChangeOutcome =
  | { readonly outcome: 'changed'; readonly api: Api }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'not_an_admin' }

export type ApiDeletionOutcome = { readonly outcome: 'deleted' | 'unknown' | 'not_an_admin' }

/** How an API is named: by its id in paths, by its identifier at the command line. */
export type ApiName = { readonly id: string } | { readonly identifier: string }

/** What admins and the command line do with APIs. Without an actor it is the operator at the command line. */
export interface ApiAdministration {
  /** APIs in the order of their identifiers. */
  list(query: { after: string | undefined; limit: number }): Promise<ApiPage>
  find(name: ApiName): Promise<Api | undefined>
  create(api: NewApi, actorId: string | undefined): Promise<ApiCreationOutcome>
  change(name: ApiName, change: ApiChange, actorId: string | undefined): Promise<ApiChangeOutcome>
  /** Deletes an API with its scopes: no token is for it from then on. */
  delete(
    name: ApiName,
    options: { readonly endsSessions: boolean },
    actorId: string | undefined
  ): Promise<ApiDeletionOutcome>
}
