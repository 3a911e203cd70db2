import type { JSONWebKeySet } from 'jose'

/** RFC 8693 §2.1. */
export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** What a client may ask `POST /oauth/token` for. */
export const clientGrantTypes = [
  'client_credentials',
  'authorization_code',
  'refresh_token',
  tokenExchangeGrant
] as const
export type ClientGrantType = (typeof clientGrantTypes)[number]

/** How a client authenticates itself (RFC 7591 §2). */
export const clientAuthMethods = ['private_key_jwt', 'client_secret_basic', 'client_secret_post', 'none'] as const
export type ClientAuthMethod = (typeof clientAuthMethods)[number]

/** Where a client runs (OpenID Connect Dynamic Client Registration §2). */
export const applicationTypes = ['web', 'native'] as const
export type ApplicationType = (typeof applicationTypes)[number]

/** Lets a client exchange a user's token for one API into a token for another (RFC 8693). */
export interface ExchangeRule {
  /** What the user's token is for: an API that the client is itself. */
  readonly from: string
  /** A scope that the user's token has to have; `undefined` when none is needed. */
  readonly scope?: string | undefined
  /** What the new token is for. */
  readonly to: string
  /** What the new token may have, as far as the user's roles hold it there. */
  readonly scopes: readonly string[]
}

/** What a client may do. */
export interface ClientPolicy {
  readonly grantTypes: readonly ClientGrantType[]
  readonly scopes: readonly string[]
  /** The audiences that its tokens may have. */
  readonly audiences: readonly string[]
  /** What it is itself, as tokens name it: it may introspect tokens for these, and exchange them. */
  readonly resources: readonly string[]
  /** The clients whose users it may act for by token exchange. */
  readonly mayActFor: readonly string[]
  /** Whether the tokens by which it acts for users carry the users' roles. */
  readonly mayCarryRoles: boolean
  /** Whether it may exchange a token that is bound to a key without a proof of that key (decision 0017). */
  readonly mayUnbindTokens: boolean
  /** From which API to which other one it may exchange users' tokens. */
  readonly exchangeRules: readonly ExchangeRule[]
  /** Lifetime of its own access tokens in seconds; the issuer's own when `null`. */
  readonly accessTokenTtlSeconds: number | null
  readonly applicationType: ApplicationType
  /** Where users may be sent back to. */
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  /** Where it hears of logouts. */
  readonly backchannelLogoutUri: string | null
  readonly logoUri: string | null
  readonly policyUri: string | null
  readonly tosUri: string | null
  /** Whether its authorization requests need a code challenge (RFC 7636). */
  readonly requirePkce: boolean
  /** Whether it belongs to the issuer's operator, so that users are not asked for their consent. */
  readonly isFirstParty: boolean
  /** Lifetime of its ID tokens in seconds; that of access tokens when `null`. */
  readonly idTokenTtlSeconds: number | null
}

/** A program that authenticates itself. */
export interface Client extends ClientPolicy {
  /** The `client_id`. */
  readonly id: string
  readonly name: string
  readonly authMethod: ClientAuthMethod
  readonly jwks: JSONWebKeySet | null
  readonly jwksUri: string | null
  /** The ids of its secrets, the newest one first; see `clientSecretId`. */
  readonly secretIds: readonly string[]
  /** The `sid` of its own tokens: replaced whenever they have to end. */
  readonly credentialId: string
  readonly createdAt: Date
  readonly disabledAt: Date | null
  /** When it got its first token at the token endpoint. */
  readonly firstTokenAt: Date | null
}
