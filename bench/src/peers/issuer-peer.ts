import type { Setting } from '../suite.ts'

/** How a request of an issuer looks, for the flows of the load generator. */
export interface TokenRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** `{refresh_token}` stands for the refresh token. */
  readonly body: string
}

/** What an issuer of the comparison tells of itself when it is ready. */
export interface IssuerPeer {
  readonly url: string
  readonly jwksPath: string
  readonly algorithm: string
  readonly refresh: TokenRequest
  /** One refresh token for each session. */
  readonly refreshTokens: readonly string[]
  /** How it issues a client's own token; absent where that is not compared. */
  readonly clientCredentials?: TokenRequest
  readonly setting: Setting
}

/** What an issuer of the comparison is started with. */
export interface IssuerOptions {
  /** An empty database of its own. */
  readonly databaseUrl: string
  readonly databaseConnections: number
  readonly sessions: number
}

/** What all of them issue: as long-lived as Countersign's, for one API. */
export const accessTokenTtlSeconds = 600
export const refreshTokenTtlSeconds = 7 * 86_400
export const resource = 'http://api.test'
export const scope = 'account'
