/** A session at rest. Only who has the browser's cookie can open it. */
export interface StoredSession {
  /** Grows by one with each refresh. */
  readonly version: number
  readonly encrypted: string
}

/** A replica that wants to refresh the tokens of one version of a session. */
export interface RenewalClaim {
  readonly version: number
  /** The replica's name, which no other has. */
  readonly holder: string
  /** Whether to take the renewal over from a replica that has not finished it. */
  readonly takesOver: boolean
}

/** Where sessions are kept, each under the hash of its id. What is past its time to live is gone by itself. */
export interface SessionStore {
  create(key: string, session: StoredSession, ttlSeconds: number): Promise<void>
  /** Finds a session and restarts its time to live; while the store only refuses writes, it finds it all the same. */
  use(key: string, ttlSeconds: number): Promise<StoredSession | undefined>
  /**
   * Finds a session before its tokens are refreshed. When the version is the claimed one, it writes the session as it is, to
   * know that the store takes writes, and notes whose renewal it is.
   * @returns `isElsewhere` when another replica has begun the renewal and not finished it
   */
  claim(
    key: string,
    claim: RenewalClaim,
    ttlSeconds: number
  ): Promise<{ session: StoredSession; isElsewhere: boolean } | undefined>
  /** Takes back a claim whose refresh has failed. */
  release(key: string): Promise<void>
  /**
   * Stores the successor of one version, if that is the one that is there: what came later is not overwritten, and what
   * was removed stays removed. The claim ends with it.
   * @returns whether it was
   */
  replace(key: string, version: number, successor: StoredSession, ttlSeconds: number): Promise<boolean>
  remove(key: string): Promise<void>
  /** Whether it answers. */
  check(): Promise<boolean>
}
