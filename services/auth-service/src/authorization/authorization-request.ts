import type { IdentityScope } from '../tokens/identity-scopes.ts'

export const responseModes = ['query', 'form_post'] as const
export type ResponseMode = (typeof responseModes)[number]

/** What may be asked of the user (OpenID Connect Core §3.1.2.1). */
export const prompts = ['none', 'login', 'consent', 'select_account'] as const
export type Prompt = (typeof prompts)[number]

/** How long a request lives, in seconds. */
export const requestSeconds = 600
/** How long a pushed request waits for its browser, in seconds. */
export const pushedSeconds = 90
/** How long a code can be exchanged, in seconds. */
export const codeSeconds = 60

/** An authorization request whose client and redirect URI are proven (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1). */
export interface RequestedAuthorization {
  readonly clientId: string
  readonly redirectUri: string
  readonly responseMode: ResponseMode
  readonly state: string | undefined
  readonly nonce: string | undefined
  /** S256 (RFC 7636). */
  readonly codeChallenge: string | undefined
  readonly identityScopes: readonly IdentityScope[]
  /** Scopes of the API that the client may have. */
  readonly scopes: readonly string[]
  /** The one API that the tokens are for; without it they are for userinfo. */
  readonly resource: string | undefined
  readonly prompt: readonly Prompt[]
  /** In seconds. */
  readonly maxAge: number | undefined
  readonly loginHint: string | undefined
  /** The user of the ID token in `id_token_hint`. */
  readonly hintedUserId: string | undefined
  readonly acrValues: readonly string[]
  readonly uiLocales: readonly string[]
  /** Thumbprint of the key that the tokens are bound to (RFC 9449 §10). */
  readonly dpopJkt: string | undefined
}

/** Who is signed in, as a session has shown. */
export interface Claim {
  readonly userId: string
  readonly username: string
  readonly acr: string
  /** The requested scopes that the user's roles held. */
  readonly grantedScopes: readonly string[]
}

export type Decision = 'allow' | 'deny'

/** A request that has begun in a browser. */
export interface AuthorizationRequest extends RequestedAuthorization {
  readonly expiresInSeconds: number
  readonly claim: Claim | undefined
  readonly decision: Decision | undefined
  /** Whether the user has allowed the client all of this, now or before. */
  readonly isConsented: boolean
}
