/** One line of the results: what was measured, and the figures with their units in their names. */
export interface Measurement {
  readonly name: string
  readonly figures: Readonly<Record<string, number>>
  /** What it is held against, in words. */
  readonly goal?: string
}

export interface SuiteContext {
  /** An admin URL of a Postgres of this run. */
  readonly postgresUrl: string
  readonly redisUrl: string
  progress(message: string): void
}

export interface Suite {
  readonly name: string
  readonly summary: string
  run(context: SuiteContext): Promise<Measurement[]>
}

/** The p-th percentile (0 to 100) of unsorted samples. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const at = Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))
  return sorted[at] ?? Number.NaN
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 50)
}

/** Three significant digits: more would claim a precision that these machines do not have. */
export function round(value: number): number {
  return Number(value.toPrecision(3))
}
