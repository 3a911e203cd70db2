/** Activity over time: counts for each step. */

/** The kinds of activity, with their outcomes. */
export const activityOutcomes = {
  sign_ins: ['succeeded', 'failed'],
  refreshes: ['rotated', 'retried', 'recovered', 'replayed', 'refused'],
  revocations: ['sessions', 'tokens', 'keys', 'clients']
} as const
type ActivityOutcomes = typeof activityOutcomes

/** The kinds that each replica counts. Revocations need no counting: all of them are in the audit log. */
export type CountedKind = 'sign_ins' | 'refreshes'
export type CountedOutcome<Kind extends CountedKind = CountedKind> = ActivityOutcomes[Kind][number]

/** The count of one outcome within a minute, by one replica so far. */
export interface MinuteCount {
  /** When the minute began, in milliseconds since 1970-01-01 UTC. */
  readonly minute: number
  readonly kind: CountedKind
  readonly outcome: CountedOutcome
  readonly count: number
}

/** Steps start at multiples of their length; the last one is not over yet. */
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
  /** A count for each step, oldest first. */
  readonly series: {
    readonly [Kind in keyof ActivityOutcomes]: Readonly<Record<ActivityOutcomes[Kind][number], number[]>>
  }
}

/** The counts of all replicas. */
export interface ActivityStore {
  /** Saves this replica's counts so far. Saving them again changes nothing, and a saved count never decreases. */
  save(counts: readonly MinuteCount[]): Promise<void>
  read(window: ActivityWindow): Promise<Activity>
}
