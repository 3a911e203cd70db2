import type { RevocationKind } from '../access-token-profile.ts'
import type { Clock } from '../clock.ts'
import type { Fetch } from '../fetch.ts'

/** One entry of the denylist. It hits by exact match of `value`. */
export interface RevocationEntry {
  readonly kind: RevocationKind
  /** The `jti`, `sid` or `kid`. */
  readonly value: string
  /** When the last token that this entry can hit is dead, clock tolerance included: seconds since 1970-01-01 UTC. */
  readonly expiresAt: number
}

/** What a token can be revoked by. */
export interface RevocableIdentifiers {
  readonly jti: string
  readonly sid?: string | undefined
  readonly kid: string
  /** The `sid` of each who acts for the subject (RFC 8693 §4.1): the token is revoked by any of them as by its own. */
  readonly actors?: readonly string[] | undefined
}

/** An entry as it arrives. */
export interface ArrivingEntry extends RevocationEntry {
  /** Seconds since its publication. Absent unless it arrives live: an entry that is read later says nothing about the delay. */
  readonly ageSeconds?: number | undefined
}

/** What a feed calls its follower with. */
export interface RevocationSink {
  /** Entries to know from now on. Ones that are known already, or expired, do no harm. */
  add(entries: readonly ArrivingEntry[]): void
  /**
   * Everything that was published before `asOf` has been added.
   *
   * @param asOf by the clock's `monotonic()`; `Infinity` when the follower is current until `setInterrupted`.
   */
  setCurrent(asOf: number): void
  /**
   * Entries may be missing: the as-of time stands still. The reason is for the log.
   *
   * @param since from when on, by the clock's `monotonic()`; from now on when absent.
   */
  setInterrupted(reason: string, since?: number): void
}

/** What a feed knows of the verifier that it follows for. */
export interface FollowingVerifier {
  readonly issuer: string
  /** Default: the platform's. */
  readonly fetch?: Fetch | undefined
}

/** Carries the denylist from the issuer to a verifier: `issuerRevocations`, or an adapter of `./redis` or `./in-process`. */
export interface RevocationFeed {
  /** The likely mistake in the set-up when the feed never arrives, as a question. */
  readonly likelyMistake?: string | undefined
  /** Starts to follow, for one sink, once. Survives every fault by itself until `close`, and never throws later. */
  follow(sink: RevocationSink, clock: Clock, verifier?: FollowingVerifier): void
  /**
   * Asks the transport itself whether one of the identifiers is revoked.
   *
   * @throws when that cannot be known, within about half a second.
   */
  checkDirectly(identifiers: RevocableIdentifiers): Promise<boolean>
  /** Stops following and leaves no handle open. */
  close(): Promise<void>
}
