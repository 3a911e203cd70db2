/** A stored session. Only the holder of the browser's cookie can decrypt it. */
export interface StoredSession {
  /** Increases with each refresh. */
  readonly version: number
  readonly encrypted: string
}

/** A replica that wants to refresh the tokens of one version of a session. */
export interface RenewalClaim {
  readonly version: number
  /** The replica's unique name. */
  readonly holder: string
  /** Whether to take the renewal over from a replica that has not finished it. */
  readonly takesOver: boolean
}

/** Where sessions are stored, each under the hash of its id. Expired ones disappear by themselves. */
export interface SessionStore {
  create(key: string, session: StoredSession, ttlSeconds: number): Promise<void>
  /** Finds a session and restarts its time to live; while the store rejects only writes, the session is still found. */
  use(key: string, ttlSeconds: number): Promise<StoredSession | undefined>
  /**
   * Finds a session before its tokens are refreshed. If its version is the claimed one, it writes the session unchanged, to
   * know that the store accepts writes, and records which replica renews it.
   * @returns `isElsewhere` when another replica has started the renewal and not finished it
   */
  claim(
    key: string,
    claim: RenewalClaim,
    ttlSeconds: number
  ): Promise<{ session: StoredSession; isElsewhere: boolean } | undefined>
  /** Releases a claim whose refresh has failed. */
  release(key: string): Promise<void>
  /**
   * Stores the successor of a version, if that version is the stored one: a later one is not overwritten, and a removed
   * session stays removed. The claim ends with it.
   * @returns whether it was stored
   */
  replace(key: string, version: number, successor: StoredSession, ttlSeconds: number): Promise<boolean>
  remove(key: string): Promise<void>
  /** Whether it responds. */
  check(): Promise<boolean>
}
