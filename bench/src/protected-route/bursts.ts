import { round } from '../statistics.ts'
import { type Measurement, ratioOfRounds } from '../suite.ts'
import { type Contestant, equalPeers, ours } from './contestants.ts'
import { middle, type Results, type RoundFigures } from './rounds.ts'

/**
 * How long many new tokens at once hold up everything else that a server has to do: the longest delay of its event loop
 * (a percentile would count one long delay as one sample among many short ones), and the slowest responses.
 */
export function compareBursts(results: Results, burst: number): Measurement[] {
  const roundsOf = (contestant: Contestant) => results.get(contestant) ?? []
  const own = roundsOf(ours)
  const compare = (what: string, figure: keyof RoundFigures, unit: string): Measurement[] =>
    equalPeers.map((peer) => {
      const theirs = roundsOf(peer)
      return {
        name: `${burst} cold at once: ${what}`,
        ratio: ratioOfRounds(
          own.map((one) => one[figure]),
          theirs.map((one) => one[figure]),
          peer.name
        ),
        figures: {
          [`our_${unit}`]: round(middle(own, figure)),
          [`their_${unit}`]: round(middle(theirs, figure)),
          our_loop_delay_p99_ms: round(middle(own, 'loopDelayP99Ms')),
          their_loop_delay_p99_ms: round(middle(theirs, 'loopDelayP99Ms'))
        }
      }
    })
  return [
    ...compare('longest event-loop delay', 'loopDelayMaxMs', 'longest_ms'),
    ...compare('p99 of the responses', 'p99Ms', 'p99_ms')
  ]
}
