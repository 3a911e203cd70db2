import type { AuthenticationLevel } from '@countersign/verifier'
import type { ClientInfo } from '../client-info.ts'
import type { Bytes } from '../hashes.ts'
import type { CommittedEnd } from '../revocation/announcing.ts'
import type { OutboxEntry } from '../revocation/revocation-outbox.ts'
import type { IdentityScope } from '../tokens/identity-scopes.ts'

/** What is known about the client of a request. */
export interface Acquaintance {
  /** The account's owner has signed in from this network recently. */
  readonly isKnownNetwork: boolean
  /** The user that the device token names is the account's owner. */
  readonly isOwnDevice: boolean
}

/** How a user has shown who they are (RFC 9068 §2.2.1). */
export interface Authentication {
  readonly acr: AuthenticationLevel
  /** Authentication methods, as RFC 8176 names them. */
  readonly amr: readonly string[]
}

/** A session as the database confirmed it in the statement that allowed new tokens. */
export interface Session {
  readonly userId: string
  readonly username: string
  /** The display name, or else the username. */
  readonly name: string
  /** Those that the token names; `undefined` for an API that wants none. */
  readonly roles: readonly string[] | undefined
  readonly clientId: string
  readonly sessionId: string
  /** What was asked for of what the user's roles hold. */
  readonly scope: string
  readonly audience: readonly string[]
  /** What the client may know of its user, for a client other than the issuer itself. */
  readonly identityScopes: readonly IdentityScope[]
  /** The user's address; `null` unless it is verified. */
  readonly email: string | null
  /** The generation of the refresh token that the client gets. */
  readonly generation: number
  /** How the user signed in; a refresh does not renew it. */
  readonly authentication: {
    /** In seconds since 1970-01-01 UTC. */
    readonly at: number
    readonly acr: string
    readonly amr: readonly string[]
  }
  /**
   * Seconds since 1970-01-01 UTC, by the database's clock at the statement that allowed this token. So neither a replica's
   * clock nor a delay before the signature can make a token outlive the denylist entry of its session.
   */
  readonly issuedAt: number
  /** The key that signs at that moment, so that no replica signs with a key that was retired or revoked before. */
  readonly signingKid: string
}

/** A session as its user sees it in a list. */
export interface SessionSummary {
  readonly id: string
  readonly clientId: string
  readonly createdAt: Date
  readonly lastUsedAt: Date
  readonly expiresAt: Date
  readonly address: string
  readonly userAgent: string
}

/** The position of a session in a list: sessions are ordered by creation time, then by their ids. */
export interface SessionPlace {
  readonly createdAt: Date
  readonly id: string
}

export interface SessionPage {
  readonly sessions: readonly SessionSummary[]
  /** Where the next page begins; `undefined` on the last one. */
  readonly next: SessionPlace | undefined
}

/** A valid refresh token. */
export interface RefreshTokenDescription {
  readonly userId: string
  readonly username: string
  readonly identityScopes: readonly IdentityScope[]
  readonly scope: string
  /** In seconds since 1970-01-01 UTC. */
  readonly issuedAt: number
  readonly expiresAt: number
  readonly jkt: string | null
}

/** What a user holds at one API. */
export interface UserRights {
  readonly scopes: readonly string[]
  /** `undefined` for an API that wants none. */
  readonly roles: readonly string[] | undefined
}

/** What the tokens of a session are for. */
export interface SessionGrant {
  readonly clientId: string
  /** What a refresh gives a token for when it names no resource. */
  readonly audience: readonly string[]
  /** The scopes that it gives then; `undefined` for all that the user's roles hold. */
  readonly scopes: readonly string[] | undefined
}

export interface NewSession extends SessionGrant {
  /** The networks of the sign-in, as the sign-in limits count them. */
  readonly network: string
  readonly userId: string
  /** The state of the user's credentials when they were verified: the session starts only if none has changed since. */
  readonly credentialsState: string
  /** `at` is the moment of the start, unless it was before. */
  readonly authentication: Authentication & { readonly at?: Date | undefined }
  /** The trusted device that stood in for the second factor. */
  readonly trustedDeviceId?: string | undefined
  /** The session of the same user that ends when this one starts. */
  readonly replacedSessionId?: string | undefined
  /** Thumbprint of the key that the refresh token is bound to (RFC 9449 §5). */
  readonly jkt: string | undefined
  /** The browser's session in which the user allowed this one. */
  readonly browserSessionId?: string | undefined
  readonly identityScopes?: readonly IdentityScope[] | undefined
  /** `false` for one without a refresh token: it ends with its access token. */
  readonly isRefreshable?: boolean | undefined
  /** Whether its client hears of its end: then it is remembered for longer than its tokens are valid. */
  readonly hasReceiver?: boolean | undefined
  readonly origin: ClientInfo
}

/** What became of the start of a session. */
export type StartOutcome =
  | { readonly outcome: 'started'; readonly session: Session; readonly entries: readonly OutboxEntry[] }
  /** The user is no longer what was verified. */
  | { readonly outcome: 'user_changed' }
  /** The session that was to be replaced has ended meanwhile. Nothing was started. */
  | { readonly outcome: 'session_ended' }
  /** There is nothing that the token could be for, or no scope of it is the user's. Nothing was started. */
  | { readonly outcome: 'exceeds_scope' | 'exceeds_audience' }

export interface PresentedGeneration {
  readonly familyId: string
  readonly generation: number
  readonly clientId: string
  /** Thumbprint of the DPoP key of the request. */
  readonly jkt?: string | undefined
  /** Narrows what the user's roles hold; scopes beyond that drop out. `undefined` for all of it. */
  readonly scopes?: readonly string[] | undefined
  /** Another API than that of the sign-in (RFC 8707 §2.2). */
  readonly resource?: string | undefined
  readonly origin: ClientInfo
}

/** Why a family ended; stored with it. */
export type EndReason =
  | 'logout'
  | 'logout_all'
  | 'logout_others'
  | 'session_ended'
  | 'password_changed'
  | 'replay'
  | 'session_limit'
  | 'reauthenticated'
  | 'user_disabled'
  | 'deletion_requested'
  | 'second_factors_reset'
  | 'user_deleted'
  | 'role_removed'
  | 'scope_removed'
  | 'ended_by_admin'
  | 'client_ended'
  | 'token_revoked'
  | 'consent_withdrawn'
  | 'database_restored'

export interface EndCause {
  readonly reason: EndReason
  /** Who ends it, if not its user. */
  readonly actorId?: string
}

/** The result of presenting a refresh token. */
export type RefreshOutcome =
  /** The family advanced by one generation. */
  | { readonly outcome: 'rotated'; readonly session: Session }
  /** The token was used a moment ago, in the last burst: the client gets the current token, and the family does not advance. */
  | { readonly outcome: 'retried'; readonly session: Session }
  /** The same, but later: the response with the current token was lost, so the client gets the one after it. */
  | { readonly outcome: 'recovered'; readonly session: Session }
  /** Any other token: the family is revoked, and that is committed. */
  | { readonly outcome: 'replayed'; readonly sessionId: string; readonly entries: readonly OutboxEntry[] }
  | { readonly outcome: 'revoked' | 'expired' | 'unknown' }
  /** The token is bound to another key than the DPoP key of the request. The family lives on: a thief cannot end it. */
  | { readonly outcome: 'wrong_key' }
  /** No scope that was asked for is left, or nothing is known by the resource's name. Nothing was rotated. */
  | { readonly outcome: 'exceeds_scope' | 'exceeds_audience' }

/** What a client presents with a code (RFC 6749 §4.1.3). */
export interface PresentedCode {
  readonly codeHash: Bytes
  readonly clientId: string
  /** The client as it was authenticated: if it has changed since, there is no session. */
  readonly credentialId: string
  readonly redirectUri: string
  /** S256 of the verifier, if there is one. */
  readonly challenge: string | undefined
  /** What the request names, if anything: the API that the code is for (RFC 8707 §2.2). */
  readonly resource: readonly string[] | undefined
  readonly jkt: string | undefined
  readonly network: string
  readonly origin: ClientInfo
}

/** What became of a code. */
export type ExchangeOutcome =
  | {
      readonly outcome: 'exchanged'
      readonly session: Session
      readonly nonce: string | undefined
      readonly entries: readonly OutboxEntry[]
    }
  /** It was used before, by the same client with the same proof: the session that it started is revoked. */
  | { readonly outcome: 'replayed'; readonly sessionId: string; readonly entries: readonly OutboxEntry[] }
  | {
      readonly outcome:
        | 'unknown'
        | 'client_changed'
        | 'user_changed'
        | 'session_ended'
        | 'exceeds_scope'
        | 'exceeds_audience'
        | 'other_resource'
    }

/** What a client may know of the user of a session. */
export interface Identity {
  readonly scopes: readonly IdentityScope[]
  /** The display name, or else the username. */
  readonly name: string
  readonly username: string
  /** `null` unless it is verified. */
  readonly email: string | null
}

/** The refresh-token families. Each change is atomic, together with its denylist entries and its audit event. */
export interface RefreshTokenFamilies {
  /**
   * Starts a family, if the user is still enabled and no credential has changed since it was verified; past the limit of live
   * families the oldest ends.
   */
  start(session: NewSession): Promise<StartOutcome>
  /** Uses a code and starts its family in one transaction, so that of many parallel exchanges one succeeds. */
  exchangeCode(presented: PresentedCode): Promise<ExchangeOutcome>
  /** @returns `undefined` when this session of the user was ended */
  identityOf(session: { familyId: string; userId: string }): Promise<Identity | undefined>
  /** Advances the family, or says why not. A refresh about when the access token expires is one statement and one round trip. */
  refresh(presented: PresentedGeneration): Promise<RefreshOutcome>
  /**
   * What the user of a live session holds at an API now.
   * @returns `undefined` when the session has ended, or no API is registered by this name
   */
  rightsAt(session: { familyId: string; userId: string; resource: string }): Promise<UserRights | undefined>
  /** @returns `undefined` when this session of the user has ended */
  grantOf(session: { familyId: string; userId: string }): Promise<SessionGrant | undefined>
  /** Ends one family; `userId` limits it to the user's own. */
  end(selection: { familyId: string; userId?: string }, cause: EndCause): Promise<EndedFamilies>
  /**
   * Ends the family of a presented refresh token of any generation; `clientId` limits it to the client's.
   * @param jkt thumbprint of the DPoP key of the request
   * @returns `undefined` when the family lives and is bound to another key: a thief cannot end it
   */
  endPresented(
    presented: { familyId: string; clientId?: string; jkt: string | undefined },
    cause: EndCause
  ): Promise<EndedFamilies | undefined>
  /** Ends all families of a user. */
  endAll(userId: string, cause: EndCause): Promise<EndedFamilies>
  /**
   * Ends all families of a user except the current one, unless the current one has ended.
   * @returns `undefined` when it has: if two sessions end each other at once, one stays
   */
  endOthers(userId: string, familyId: string, cause: EndCause): Promise<EndedFamilies | undefined>
  /** A page of the user's live families, newest first; a user has at most 100. */
  list(userId: string, page: { after: SessionPlace | undefined; limit: number }): Promise<SessionPage>
  /**
   * What a client may know about its refresh token.
   * @returns `undefined` unless the token is the one that may rotate next, in a live family of this client
   */
  describe(token: {
    familyId: string
    generation: number
    clientId: string
  }): Promise<RefreshTokenDescription | undefined>
  /**
   * Whether the account's owner has signed in (not only refreshed) from this network within the last 30 days, and whether the
   * owner is this user. One statement, which does the same work for an account that does not exist.
   */
  recognize(account: {
    usernameKey: string | undefined
    /** Key of a verified address. */
    emailKey: string | undefined
    network: string
    userId: string | undefined
  }): Promise<Acquaintance>
}

export interface EndedFamilies extends CommittedEnd {
  readonly ended: number
}
