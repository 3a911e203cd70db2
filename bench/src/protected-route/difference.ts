import type { RequestSpec } from '../load/load-plan.ts'
import type { ServerProcess } from '../servers/server-process.ts'
import { median, round } from '../statistics.ts'
import { interleave, type Measurement, ratioOfRounds } from '../suite.ts'
import { bareKoa, bareKoaAgain, type Contestant, noCheck, noDenylist, noOp, ours } from './contestants.ts'
import { runRound } from './rounds.ts'
import type { Stage } from './stage.ts'

/** A server, with one token for all requests or with many. */
interface Step {
  readonly contestant: Contestant
  readonly hasOneToken: boolean
  readonly name: string
}

const step = (contestant: Contestant, what: string, hasOneToken = false): Step => {
  return { contestant, hasOneToken, name: `where the difference comes from: ${what}` }
}

const noise = step(bareKoaAgain, 'Koa without auth')
/** Each against bare Koa with as many tokens; ordered so that each has a little more than the one before. */
export const steps: readonly Step[] = [
  step(noOp, 'a middleware that does nothing'),
  step(noCheck, 'and the adapter, with every token accepted'),
  step(noDenylist, 'and the check of one token, no denylist', true),
  step(ours, 'and the denylist followed, still one token', true),
  step(ours, 'and many tokens')
]

/** What each part of the way from bare Koa to ours adds to the processor time of a request. */
export async function measureDifference(
  { load }: Stage,
  servers: ReadonlyMap<Contestant, ServerProcess>,
  tokens: readonly RequestSpec[],
  {
    rounds,
    warmUps,
    milliseconds,
    connections
  }: {
    readonly rounds: number
    readonly warmUps: number
    readonly milliseconds: number
    readonly connections: number
  }
): Promise<Measurement[]> {
  const [many, one] = [step(bareKoa, 'many tokens'), step(bareKoa, 'one token', true)]
  const found = await interleave([many, one, noise, ...steps], rounds + warmUps, async (turn) => {
    const requests = turn.hasOneToken ? tokens.slice(0, 1) : tokens
    const plan = { connections, limit: { milliseconds }, requests, repeat: true }
    const figures = await runRound(load, servers.get(turn.contestant) as ServerProcess, plan)
    return figures.serverCpuMicrosPerRequest
  })
  const of = (turn: Step) => (found.get(turn) ?? []).slice(warmUps)
  const compare = (turn: Step): Measurement => {
    const limit = of(turn.hasOneToken ? one : many)
    return {
      name: turn.name,
      ...compareTimes(of(turn), limit, turn.hasOneToken ? 'Koa without auth, one token' : bareKoa.name)
    }
  }
  const lines = steps.map(compare)
  const parts = describeParts(lines.map(({ figures }) => figures.more_us as number))
  return [
    ...lines.map((line, i) => (i < lines.length - 1 ? line : { ...line, note: parts })),
    { ...compare(noise), isNoise: true }
  ]
}

const partNames = ['a middleware', 'the adapter', 'the check', 'following the denylist', 'many tokens instead of one']

/** What each step adds to the one before, in microseconds. */
export function describeParts(more: readonly number[]): string {
  const parts = more.map((micros, i) => `${partNames[i]} ${round(micros - (more[i - 1] ?? 0))}`)
  return `each step less the one before, in microseconds: ${parts.join(', ')}`
}

/** Processor times of rounds, as a ratio and as the difference within each round. */
export function compareTimes(
  own: readonly number[],
  limit: readonly number[],
  against: string
): Pick<Measurement, 'ratio' | 'figures'> {
  return {
    ratio: ratioOfRounds(own, limit, against),
    figures: {
      cpu_us: round(median(own)),
      more_us: round(median(own.map((time, i) => time - (limit[i] as number))))
    }
  }
}
