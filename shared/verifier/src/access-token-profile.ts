/** The media type in an access token's `typ` header (RFC 9068 §2.1). */
export const accessTokenType = 'at+jwt'

/** The only signature algorithm that is issued and accepted (RFC 7518 §3.3). */
export const signingAlgorithm = 'RS256'

/** A `jti`, `sid` or `kid` has at most this many characters; longer ones are refused in tokens and ignored in the feed. */
export const maxIdentifierLength = 256

/** What a revocation entry can name: one token, one session (or a client's credential id), or one signing key. */
export const revocationKinds = ['jti', 'sid', 'kid'] as const
/** One of {@link revocationKinds}. */
export type RevocationKind = (typeof revocationKinds)[number]

/**
 * How much a sign-in has shown, the least first (`acr`, RFC 9068 §2.2.1): one factor, or two. The higher one satisfies whatever the
 * lower one does.
 */
export const authenticationLevels = ['urn:countersign:acr:1', 'urn:countersign:acr:2'] as const
/** One of {@link authenticationLevels}. */
export type AuthenticationLevel = (typeof authenticationLevels)[number]

/** The claims of an access token (RFC 9068 §2.2), and no other: the auth-service issues no claim beyond these. */
export interface AccessTokenClaims {
  /** The issuer. */
  readonly iss: string
  /** The user's id, or the client's when a client acts on its own behalf. */
  readonly sub: string
  /** The APIs that the token is for. */
  readonly aud: string | readonly string[]
  /** Seconds since 1970-01-01 UTC. */
  readonly exp: number
  /** Seconds since 1970-01-01 UTC. */
  readonly iat: number
  /** Names the token. */
  readonly jti: string
  /** The client that the token was issued to. */
  readonly client_id: string
  /** The refresh-token family this token was issued in, or the client's credential id. */
  readonly sid?: string
  /** Space-separated scopes (RFC 8693 §4.2). */
  readonly scope?: string
  /** What the user may do, across all scopes. */
  readonly roles?: readonly string[]
  /** The user's name, for people. */
  readonly preferred_username?: string
  /** The key that the token is bound to (RFC 9449 §6.1). */
  readonly cnf?: { readonly jkt: string }
  /** Who acts for the subject (RFC 8693 §4.1). */
  readonly act?: ActorClaim
  /** When the user signed in, in seconds since 1970-01-01 UTC (RFC 9068 §2.2.1). A refresh does not renew it. */
  readonly auth_time?: number
  /** How much that sign-in has shown: one of {@link authenticationLevels}. */
  readonly acr?: string
  /** How the user signed in, such as `pwd` (RFC 8176). */
  readonly amr?: readonly string[]
}

/** What the value of a claim has to be: `token/claims.ts` has the check of each kind. */
export type ClaimKind = 'text' | 'texts' | 'identifier' | 'time' | 'audience' | 'confirmation' | 'actor'

interface ClaimRule {
  readonly kind: ClaimKind
  readonly isRequired: boolean
}

const required = (kind: ClaimKind): ClaimRule => ({ kind, isRequired: true })
const optional = (kind: ClaimKind): ClaimRule => ({ kind, isRequired: false })

/** How a verifier checks each claim. One that is not here does not compile, so that none is accepted unchecked. */
export const claimRules: { readonly [Claim in keyof AccessTokenClaims]-?: ClaimRule } = {
  iss: required('text'),
  aud: required('audience'),
  exp: required('time'),
  iat: required('time'),
  sub: required('text'),
  jti: required('identifier'),
  client_id: required('text'),
  sid: optional('identifier'),
  // Not empty: a token without scopes leaves it out.
  scope: optional('text'),
  roles: optional('texts'),
  preferred_username: optional('text'),
  cnf: optional('confirmation'),
  act: optional('actor'),
  auth_time: optional('time'),
  acr: optional('text'),
  amr: optional('texts')
}

/** An actor: a client that acts for the subject, and the one it acts through, if any. */
export interface ActorClaim {
  /** The actor's client id. */
  readonly sub: string
  /** The actor's credential id: when it is revoked, so is the token. */
  readonly sid?: string
  /** The one that it acts through. */
  readonly act?: ActorClaim
}
