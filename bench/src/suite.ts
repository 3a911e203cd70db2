import { median, round } from './statistics.ts'

/** How many times the other one ours is, or takes. */
export interface Ratio {
  /** The median over the rounds. */
  readonly value: number
  readonly min: number
  readonly max: number
  readonly rounds: number
  /** What ours is compared with. */
  readonly against: string
}

/** What a measurement has to reach: by its ratio, unless `figure` names one of its figures. */
export type Goal = { readonly figure?: string } & (
  | { readonly atLeast: number; readonly atMost?: never }
  | { readonly atMost: number; readonly atLeast?: never }
)

/** One line of the results: what was measured, and the figures with their units in their names. */
export interface Measurement {
  readonly name: string
  readonly figures: Readonly<Record<string, number>>
  readonly ratio?: Ratio
  readonly goal?: Goal
  /** An A/A line: its ratio is of two that are the same, so that what is not 1 in it is noise. */
  readonly isNoise?: true
  /** What a reader has to know: what was the limit, why a number falls short. Markdown. */
  readonly note?: string
}

/** How one contestant was set up. */
export interface Setting {
  readonly contestant: string
  /** Packages with versions. */
  readonly versions: Readonly<Record<string, string>>
  /** Options, in words or as they stand in the code. */
  readonly options: string
  /** What it checks of a request, in words. */
  readonly checks?: string
}

/** Where the time of one process went. */
export interface Profile {
  readonly name: string
  /** The largest first; shares of the time that was not idle, 0 to 1. */
  readonly functions: readonly { readonly where: string; readonly share: number }[]
}

/** What a suite found. */
export interface Outcome {
  readonly measurements: readonly Measurement[]
  readonly settings?: readonly Setting[]
  readonly profiles?: readonly Profile[]
}

export interface SuiteContext {
  /** An admin URL of a Postgres of this run. */
  readonly postgresUrl: string
  /** Empty when a suite begins. A suite may use the numbered databases 0 to 15. */
  readonly redisUrl: string
  /** Only to see that everything works: the smallest rounds. */
  readonly isQuick: boolean
  progress(message: string): void
}

export interface Suite {
  readonly name: string
  readonly summary: string
  run(context: SuiteContext): Promise<Outcome>
}

/**
 * Measures every contestant once in each round, each round in another order, so that whatever else the machine does hits
 * all. Returns what each contestant was measured at, in the order of the rounds.
 */
export async function interleave<C, T>(
  contestants: readonly C[],
  rounds: number,
  measure: (contestant: C, round: number) => Promise<T>
): Promise<Map<C, T[]>> {
  const found = new Map<C, T[]>(contestants.map((contestant) => [contestant, []]))
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < contestants.length; i++) {
      const contestant = contestants[(round + i) % contestants.length] as C
      found.get(contestant)?.push(await measure(contestant, round))
    }
  }
  return found
}

/** Ours against theirs, divided within each round. */
export function ratioOfRounds(ours: readonly number[], theirs: readonly number[], against: string): Ratio {
  if (ours.length !== theirs.length || ours.length === 0) throw new TypeError('both must have the same rounds')
  const ratios = ours.map((own, i) => own / (theirs[i] as number))
  return {
    value: round(median(ratios)),
    min: round(Math.min(...ratios)),
    max: round(Math.max(...ratios)),
    rounds: ratios.length,
    against
  }
}
