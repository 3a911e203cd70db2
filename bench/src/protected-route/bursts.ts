import { round } from '../statistics.ts'
import { type Measurement, ratioOfRounds } from '../suite.ts'
import { ours, peers } from './contestants.ts'
import { middle, type Results, type RoundFigures } from './rounds.ts'

/**
 * How long many new tokens at once hold up everything else that a server has to do: the longest delay of its event loop
 * (a percentile would count one long delay as one sample among many short ones), and the slowest answers. The first round
 * is not told.
 */
export function compareBursts(results: Results, burst: number): Measurement[] {
  const own = (results.get(ours) ?? []).slice(1)
  return peers.flatMap((peer) => {
    const theirs = (results.get(peer) ?? []).slice(1)
    const compare = (figure: keyof RoundFigures) =>
      ratioOfRounds(
        own.map((one) => one[figure]),
        theirs.map((one) => one[figure]),
        peer.name
      )
    return [
      {
        name: `${burst} cold at once: longest delay of the event loop`,
        ratio: compare('loopDelayMaxMs'),
        figures: {
          our_longest_ms: round(middle(own, 'loopDelayMaxMs')),
          their_longest_ms: round(middle(theirs, 'loopDelayMaxMs')),
          our_p99_ms: round(middle(own, 'loopDelayP99Ms')),
          their_p99_ms: round(middle(theirs, 'loopDelayP99Ms'))
        }
      },
      {
        name: `${burst} cold at once: p99 of the answers`,
        ratio: compare('p99Ms'),
        figures: { our_p99_ms: round(middle(own, 'p99Ms')), their_p99_ms: round(middle(theirs, 'p99Ms')) }
      }
    ]
  })
}
