import type { Machine } from './machine.ts'
import type { Measurement, Outcome } from './suite.ts'

/** What one run of one suite found, and where. Suites can be measured again one by one, so each has its own. */
export interface SuiteRecord extends Outcome {
  readonly name: string
  readonly summary: string
  readonly machine: Machine
}

export type Verdict = 'met' | 'short'

/** Whether a measurement reaches its goal; `undefined` when it has none. */
export function verdictOf({ name, figures, ratio, goal }: Measurement): Verdict | undefined {
  if (!goal) return undefined
  const value = goal.figure === undefined ? ratio?.value : figures[goal.figure]
  if (value === undefined) throw new TypeError(`the goal of "${name}" is for a figure that it does not have`)
  const isMet = goal.atLeast === undefined ? value <= goal.atMost : value >= goal.atLeast
  return isMet ? 'met' : 'short'
}

/** The records with a new one in the place of the old one of that suite, in the order of `suites`; others go. */
export function replaceRecord(
  records: readonly SuiteRecord[],
  record: SuiteRecord,
  suites: readonly { name: string }[]
): SuiteRecord[] {
  return suites.flatMap(({ name }) =>
    name === record.name ? record : (records.find((old) => old.name === name) ?? [])
  )
}
