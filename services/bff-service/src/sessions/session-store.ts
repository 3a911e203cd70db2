/** A session at rest. Only who has the browser's cookie can open it. */
export interface StoredSession {
  /** Grows by one with each refresh. */
  readonly version: number
  readonly sealed: string
}

/** Where sessions are kept, each under the hash of its id. What is past its time to live is gone by itself. */
export interface SessionStore {
  create(key: string, session: StoredSession, ttlSeconds: number): Promise<void>
  /** Finds a session and gives it its time to live anew. */
  use(key: string, ttlSeconds: number): Promise<StoredSession | undefined>
  /**
   * Stores the successor of one version, if that is the one that is there: what came later is not overwritten, and what
   * was removed stays removed.
   * @returns whether it was
   */
  replace(key: string, version: number, successor: StoredSession, ttlSeconds: number): Promise<boolean>
  remove(key: string): Promise<void>
  /** Whether it answers. */
  check(): Promise<boolean>
}
