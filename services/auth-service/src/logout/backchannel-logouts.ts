/** Notifications to apps of sessions that ended (OpenID Connect Back-Channel Logout 1.0). */

/** The end of a session that its client has not heard of, claimed by this replica. */
export interface ClaimedLogout {
  readonly id: string
  readonly clientId: string
  readonly userId: string
  /** The session of the client that ended. */
  readonly sessionId: string
  /** The `backchannel_logout_uri` of the client. */
  readonly uri: string
  /** Number of this attempt; the first is 1. */
  readonly attempt: number
  /** Whether it waited longer than it may. */
  readonly isExpired: boolean
  /** By the clock of the database, in seconds since 1970-01-01 UTC. */
  readonly issuedAt: number
  /** The key that signs at that moment. */
  readonly signingKid: string
}

/** What became of an attempt. */
export type LogoutResult =
  | { readonly outcome: 'delivered' }
  | { readonly outcome: 'dead'; readonly reason: string }
  | { readonly outcome: 'deferred'; readonly reason: string; readonly retryInSeconds: number }

/** The logouts in the database that wait. Whatever ends a session writes them in its transaction. */
export interface BackchannelLogouts {
  /** Claims logouts that are due: no other replica delivers them meanwhile. Of one receiver never more than a few at once. */
  claim(limit: number): Promise<readonly ClaimedLogout[]>
  /** Ends an attempt. What is delivered or dead is gone; the audit log has what is dead. */
  settle(logout: ClaimedLogout, result: LogoutResult): Promise<void>
  /** How many wait, and since when the oldest does. */
  countWaiting(): Promise<{ readonly waiting: number; readonly oldestSeconds: number }>
}
