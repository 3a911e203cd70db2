import type { ClientInfo } from '../client-info.ts'
import type { EndedFamilies } from '../sessions/refresh-token-families.ts'

/** A scope that a user has allowed, of an API or of identity. */
export interface AllowedScope {
  /** Empty for an API without scopes. */
  readonly scope: string
  readonly api: string | null
  readonly apiName: string | null
  readonly description: string | null
}

/** A client that a user has let in. */
export interface App {
  readonly clientId: string
  readonly name: string
  readonly logoUri: string | null
  readonly scopes: readonly AllowedScope[]
  readonly grantedAt: Date
  readonly lastUsedAt: Date | null
  /** Live ones. */
  readonly sessions: number
}

/** What users have allowed clients. */
export interface Consents {
  /** In the order of the client ids. */
  list(
    userId: string,
    page: { readonly after: string | undefined; readonly limit: number }
  ): Promise<{ readonly apps: readonly App[]; readonly next: string | undefined }>
  /** Takes back all that a client was allowed, and ends its sessions with the user. */
  withdraw(withdrawal: {
    readonly userId: string
    readonly clientId: string
    readonly origin: ClientInfo
  }): Promise<({ readonly outcome: 'withdrawn' } & EndedFamilies) | { readonly outcome: 'unknown' }>
}
