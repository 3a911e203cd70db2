import type { Setting } from '../suite.ts'

/** The form of an issuer's request, for the flows of the load generator. */
export interface TokenRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** `{refresh_token}` stands for the refresh token. */
  readonly body: string
}

/** The data that a peer sends when it is ready. */
export interface IssuerPeer {
  readonly url: string
  readonly jwksPath: string
  readonly algorithm: string
  readonly refresh: TokenRequest
  /** One refresh token for each session. */
  readonly refreshTokens: readonly string[]
  /** How it issues a client's own token; absent if that is not compared. */
  readonly clientCredentials?: TokenRequest
  readonly setting: Setting
}

/** The options with which a peer is started. */
export interface IssuerOptions {
  /** An empty database for it alone. */
  readonly databaseUrl: string
  readonly databaseConnections: number
  readonly sessions: number
}

/** The form of all issued tokens: as long-lived as Countersign's, for one API. */
export const accessTokenTtlSeconds = 600
export const refreshTokenTtlSeconds = 7 * 86_400
export const resource = 'http://api.test'
export const scope = 'account'
