/** What one attempt is counted under. */
export interface AttemptCount {
  /** What is counted, such as `address`. */
  readonly name: string
  readonly key: string
  /** Attempts that pass within the window. */
  readonly limit: number
  readonly windowSeconds: number
}

/** A count that is at its limit. */
export interface ReachedLimit {
  readonly count: AttemptCount
  /** Until its window ends. */
  readonly waitMs: number
}

export interface AttemptSettlement {
  /** Counts that the attempt is taken off again. */
  readonly refunded?: readonly AttemptCount[]
  /** Counts that begin again at zero. */
  readonly forgotten?: readonly AttemptCount[]
  /** Counts that go up, whatever their limit. */
  readonly counted?: readonly AttemptCount[]
}

/** Counts attempts within windows; declared here, kept in Redis or in the process. Each call is one round trip. */
export interface AttemptCounters {
  /**
   * Counts one attempt under all of `counts`, or under none when one of them, or of `watched`, is at its limit.
   * @returns those at their limit: none when the attempt was counted
   */
  charge(counts: readonly AttemptCount[], watched?: readonly AttemptCount[]): Promise<readonly ReachedLimit[]>
  settle(settlement: AttemptSettlement): Promise<void>
}
