/** What went on over a time: how often, step by step. */

/** What is shown, and what may have become of it. */
export const activityOutcomes = {
  sign_ins: ['succeeded', 'failed'],
  refreshes: ['rotated', 'retried', 'recovered', 'replayed', 'refused'],
  revocations: ['sessions', 'tokens', 'keys', 'clients']
} as const
type ActivityOutcomes = typeof activityOutcomes

/** What each replica counts. Revocations need no counting: the audit log has every one of them. */
export type CountedKind = 'sign_ins' | 'refreshes'
export type CountedOutcome<Kind extends CountedKind = CountedKind> = ActivityOutcomes[Kind][number]

/** How often something became of something within a minute, as one replica has counted it so far. */
export interface MinuteCount {
  /** When the minute began, in milliseconds since 1970-01-01 UTC. */
  readonly minute: number
  readonly kind: CountedKind
  readonly outcome: CountedOutcome
  readonly count: number
}

/** Steps begin at multiples of their length; the last one is under way. */
export const activityWindows = {
  hour: { steps: 60, stepSeconds: 60 },
  day: { steps: 96, stepSeconds: 900 }
} as const
export type ActivityWindow = keyof typeof activityWindows

export interface Activity {
  /** When the first step began. */
  readonly since: Date
  /** When the last step will end. */
  readonly until: Date
  /** A count for each step, the oldest first. */
  readonly series: {
    readonly [Kind in keyof ActivityOutcomes]: Readonly<Record<ActivityOutcomes[Kind][number], number[]>>
  }
}

/** The counts of all replicas. */
export interface ActivityStore {
  /** Writes what this replica has counted so far. Written again it changes nothing, and a count never falls. */
  save(counts: readonly MinuteCount[]): Promise<void>
  read(window: ActivityWindow): Promise<Activity>
}
