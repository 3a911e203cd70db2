import type { LoadGenerator } from '../load/load-generator.ts'
import type { LoadPlan } from '../load/load-plan.ts'
import type { ServerProcess } from '../servers/server-process.ts'
import { median, round } from '../statistics.ts'
import { type Goal, interleave, type Measurement, ratioOfRounds } from '../suite.ts'
import type { Contestant } from './contestants.ts'

/** The results of one contestant in one round. */
export interface RoundFigures {
  readonly requestsPerSecond: number
  readonly serverCpuMicrosPerRequest: number
  readonly serverUtilisation: number
  readonly clientUtilisation: number
  readonly p99Ms: number
  readonly loopDelayP99Ms: number
  readonly loopDelayMaxMs: number
}

export type Results = ReadonlyMap<Contestant, readonly RoundFigures[]>

/** Runs each contestant once in each round. All get the same plan in one round. */
export function runRounds(
  load: LoadGenerator,
  servers: ReadonlyMap<Contestant, ServerProcess>,
  rounds: number,
  planOf: (round: number) => Omit<LoadPlan, 'origin'>
): Promise<Results> {
  return interleave([...servers.keys()], rounds, (contestant, round) =>
    runRound(load, servers.get(contestant) as ServerProcess, planOf(round))
  )
}

/** One contestant in one round. */
export async function runRound(
  load: LoadGenerator,
  server: ServerProcess,
  plan: Omit<LoadPlan, 'origin'>
): Promise<RoundFigures> {
  const { result, usage } = await server.measure(() => load.run({ ...plan, origin: server.url }))
  return {
    requestsPerSecond: result.requestsPerSecond,
    serverCpuMicrosPerRequest: usage.cpuMicros / result.requests,
    serverUtilisation: usage.utilisation,
    clientUtilisation: result.clientUtilisation,
    p99Ms: result.latency.p99Ms,
    loopDelayP99Ms: usage.loopDelayP99Ms,
    loopDelayMaxMs: usage.loopDelayMaxMs
  }
}

/** The median of one figure over the rounds. */
export function middle(rounds: readonly RoundFigures[], figure: keyof RoundFigures): number {
  return median(rounds.map((one) => one[figure]))
}

/** The contestant with the most requests per second among some. */
export function fastest(results: Results, among: readonly Contestant[]): Contestant {
  const speed = (contestant: Contestant) => middle(results.get(contestant) ?? [], 'requestsPerSecond')
  return among.reduce((best, one) => (speed(one) > speed(best) ? one : best))
}

/** Our requests per second against those of one other. */
export function compareSpeed(
  phase: string,
  results: Results,
  ours: Contestant,
  other: Contestant,
  goal?: Goal
): Measurement {
  return compare(`${phase}: requests per second`, 'requestsPerSecond', results, ours, other, goal)
}

/** The processor time of a request in our server's process against that in one other. */
export function compareProcessorTime(
  phase: string,
  results: Results,
  ours: Contestant,
  other: Contestant,
  goal?: Goal
): Measurement {
  const name = `${phase}: processor time of ${ours.name}`
  return compare(name, 'serverCpuMicrosPerRequest', results, ours, other, goal)
}

function compare(
  name: string,
  figure: keyof RoundFigures,
  results: Results,
  ours: Contestant,
  other: Contestant,
  goal?: Goal
): Measurement {
  const own = results.get(ours) ?? []
  const theirs = results.get(other) ?? []
  const of = (rounds: readonly RoundFigures[]) => rounds.map((one) => one[figure])
  return {
    name,
    ratio: ratioOfRounds(of(own), of(theirs), other.name),
    figures: {
      our_requests_per_s: round(middle(own, 'requestsPerSecond')),
      their_requests_per_s: round(middle(theirs, 'requestsPerSecond')),
      our_server_cpu_us_per_request: round(middle(own, 'serverCpuMicrosPerRequest')),
      their_server_cpu_us_per_request: round(middle(theirs, 'serverCpuMicrosPerRequest')),
      our_loop_busy: round(middle(own, 'serverUtilisation')),
      their_loop_busy: round(middle(theirs, 'serverUtilisation'))
    },
    ...(goal ? { goal } : {}),
    ...noteOfLimit([ours, own], [other, theirs])
  }
}

/** Whether the load generator was the limit. */
function noteOfLimit(...sides: (readonly [Contestant, readonly RoundFigures[]])[]): { note?: string } {
  const limited = sides.filter(([, rounds]) => middle(rounds, 'clientUtilisation') >= 0.9)
  if (limited.length === 0) return {}
  return { note: `the load generator was the limit for ${limited.map(([{ name }]) => name).join(' and ')}.` }
}
