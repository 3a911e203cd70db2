import { median, round } from '../statistics.ts'
import { type Goal, type Measurement, ratioOfRounds } from '../suite.ts'
import type { RefreshContestant } from './refresh-contestant.ts'
import { type RefreshRound, refreshFigures, type Turn } from './refresh-rounds.ts'

/** The rounds of each contestant with each number of sessions. */
export type Found = ReadonlyMap<Turn, readonly RefreshRound[]>

/** None when that was not measured. */
export function roundsOf(found: Found, contestant: RefreshContestant, sessions: number): readonly RefreshRound[] {
  const entry = [...found].find(([turn]) => turn.contestant === contestant && turn.sessions === sessions)
  return entry?.[1] ?? []
}

/** Refreshes per second of ours against those of another, with as many sessions. */
export function compareRates(
  name: string,
  found: Found,
  own: RefreshContestant,
  other: RefreshContestant,
  sessions: number,
  goal?: Goal
): Measurement {
  const [ours, theirs] = [own, other].map((one) => roundsOf(found, one, sessions).map(({ perSecond }) => perSecond))
  return {
    name,
    ratio: ratioOfRounds(ours as number[], theirs as number[], other.name),
    figures: { ours_per_s: round(median(ours as number[])), theirs_per_s: round(median(theirs as number[])) },
    ...(goal ? { goal } : {})
  }
}

/** The processor time that a refresh takes in the service; nothing where the machine does not tell it. */
export function compareProcessorTimes(
  name: string,
  found: Found,
  own: RefreshContestant,
  other: RefreshContestant,
  sessions: number,
  goal?: Goal
): Measurement[] {
  const [ours, theirs] = [own, other].map((one) =>
    roundsOf(found, one, sessions).flatMap(({ serviceCpuMicros }) => serviceCpuMicros ?? [])
  ) as [number[], number[]]
  if (ours.length === 0 || ours.length !== theirs.length) return []
  return [
    {
      name,
      ratio: ratioOfRounds(ours, theirs, other.name),
      figures: { our_us: round(median(ours)), their_us: round(median(theirs)) },
      ...(goal ? { goal } : {})
    }
  ]
}

/** What one refresh takes. */
export function costs(name: string, rounds: readonly RefreshRound[]): Measurement {
  return { name, figures: refreshFigures(rounds) }
}
