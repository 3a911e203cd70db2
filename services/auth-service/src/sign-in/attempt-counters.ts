/** One counter of attempts. */
export interface AttemptCount {
  /** The kind of counter, such as `address`. */
  readonly name: string
  readonly key: string
  /** How many attempts pass within the window. */
  readonly limit: number
  readonly windowSeconds: number
}

/** A counter that has reached its limit. */
export interface ReachedLimit {
  readonly count: AttemptCount
  /** The time until its window ends. */
  readonly waitMs: number
}

export interface AttemptSettlement {
  /** Counters that are decremented. */
  readonly refunded?: readonly AttemptCount[]
  /** Counters that are reset to zero. */
  readonly forgotten?: readonly AttemptCount[]
  /** Counters that are incremented, whatever their limits. */
  readonly counted?: readonly AttemptCount[]
}

/** Counts attempts within windows; stored in Redis or in the process. Each call is one round trip. */
export interface AttemptCounters {
  /**
   * Counts one attempt in all of `counts`; or in none, when one of them, or of `watched`, has reached its limit.
   * @returns those that have reached their limits: none when the attempt was counted
   */
  charge(counts: readonly AttemptCount[], watched?: readonly AttemptCount[]): Promise<readonly ReachedLimit[]>
  settle(settlement: AttemptSettlement): Promise<void>
}
