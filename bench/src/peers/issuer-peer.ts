import { createHash } from 'node:crypto'
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
  /** How it signs users in to an app; absent if that is not compared. */
  readonly codeSignIn?: CodeSignIn
  readonly setting: Setting
}

/** An app that users have allowed everything it asks for. */
export interface CodeSignIn {
  /** The authorization request, with its query. */
  readonly authorizePath: string
  /** The request of the token endpoint; `{code}` stands for the code. */
  readonly exchange: TokenRequest
  /** The cookies of browsers in which a user is signed in. */
  readonly browsers: readonly string[]
}

/** The options with which a peer is started. */
export interface IssuerOptions {
  /** An empty database for it alone. */
  readonly databaseUrl: string
  readonly databaseConnections: number
  readonly sessions: number
  /** Browsers in which a user is signed in. */
  readonly browsers?: number
}

/** The form of all issued tokens: as long-lived as Countersign's, for one API. */
export const accessTokenTtlSeconds = 600
export const refreshTokenTtlSeconds = 7 * 86_400
export const resource = 'http://api.test'
export const scope = 'account'

/** The API that an app of the comparison asks for. */
export const appsApi = 'https://things.example.com'
/** What an app of the comparison asks for, by PKCE (RFC 7636). */
export const webClient = {
  id: 'web',
  redirectUri: 'https://app.example.com/callback',
  secret: 'the-secret-of-an-app-0123456789abcdef'
}
export const codeVerifier = 'v'.repeat(43)
export function authorizationQuery(clientId: string): string {
  return new URLSearchParams({
    client_id: clientId,
    redirect_uri: webClient.redirectUri,
    response_type: 'code',
    scope: `openid ${scope}`,
    resource: appsApi,
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256'
  }).toString()
}
export const exchangeBody = `grant_type=authorization_code&code={code}&code_verifier=${codeVerifier}&redirect_uri=${encodeURIComponent(webClient.redirectUri)}`
