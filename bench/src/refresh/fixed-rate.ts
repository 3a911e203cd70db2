import type { LoadGenerator } from '../load/load-generator.ts'
import { percentile, round } from '../statistics.ts'
import { interleave, type Measurement, ratioOfRounds, type SuiteContext } from '../suite.ts'
import type { Contestants, RefreshContestant } from './refresh-contestant.ts'
import { type RefreshRound, refreshAwake } from './refresh-rounds.ts'

/**
 * How long refreshes take that are due at fixed times, timed from then. So many sessions share them that a due one hardly
 * ever waits for its own session.
 */
export async function compareAtFixedRate(
  { progress }: SuiteContext,
  load: LoadGenerator,
  { own, again, limit }: Contestants,
  { rounds, roundMs, perSecond }: { readonly rounds: number; readonly roundMs: number; readonly perSecond: number },
  which: string
): Promise<Measurement[]> {
  const found = await interleave([own, limit, again], rounds, async (contestant, number) => {
    const result = await refreshAwake(load, contestant, {
      sessions: contestant.refreshTokens.length,
      milliseconds: roundMs,
      perSecond
    })
    progress(`round ${number + 1} of ${rounds} at ${perSecond}/s: ${contestant.name}, p99 ${round(result.p99Ms)} ms`)
    return result
  })
  const of = (contestant: RefreshContestant) => found.get(contestant) ?? []
  const name = `p99 of a refresh at ${perSecond} per second${which}`
  return [
    compare(name, of(own), of(limit), limit.name),
    { ...compare(name, of(own), of(again), again.name), isNoise: true }
  ]
}

function compare(
  name: string,
  own: readonly RefreshRound[],
  other: readonly RefreshRound[],
  against: string
): Measurement {
  const p99s = (rounds: readonly RefreshRound[]) => rounds.map(({ p99Ms }) => p99Ms)
  const pooled = (rounds: readonly RefreshRound[], p: number) =>
    round(
      percentile(
        rounds.flatMap(({ latencies }) => latencies),
        p
      )
    )
  return {
    name,
    ratio: ratioOfRounds(p99s(own), p99s(other), against),
    figures: {
      our_p99_ms: pooled(own, 99),
      their_p99_ms: pooled(other, 99),
      our_p50_ms: pooled(own, 50),
      their_p50_ms: pooled(other, 50)
    }
  }
}
