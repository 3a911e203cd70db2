import type { LoadGenerator } from '../load/load-generator.ts'
import { cpuSecondsOf, cpuSecondsOfPostgres, microsPerRequest } from '../peers/cpu-times.ts'
import type { RefreshFlowData } from '../peers/refresh-flow.ts'
import { median, round } from '../statistics.ts'
import { interleave } from '../suite.ts'
import type { RefreshContestant } from './refresh-contestant.ts'

/** One contestant in one round. Processor times are microseconds for each refresh. */
export interface RefreshRound {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Each refresh's, of a round at a fixed rate. */
  readonly latencies: readonly number[]
  readonly serviceCpuMicros: number | undefined
  readonly postgresCpuMicros: number | undefined
  readonly clientCpuMicros: number
}

/** A contestant with so many sessions that refresh at the same time. */
export interface Turn {
  readonly contestant: RefreshContestant
  readonly sessions: number
}

export interface RefreshLoad {
  /** The first ones refresh; the others rest. */
  readonly sessions: number
  readonly milliseconds: number
  /** Without it each session refreshes as soon as it has its response. */
  readonly perSecond?: number
  readonly origin?: string
}

/** Some sessions refresh at once, each one refresh after another, and continue in the next round. */
export async function refreshFor(
  load: LoadGenerator,
  contestant: RefreshContestant,
  { sessions, milliseconds, perSecond, origin = contestant.url }: RefreshLoad
): Promise<RefreshRound> {
  const { refresh: request, refreshTokens, pid, database } = contestant
  if (refreshTokens.length < sessions) throw new TypeError(`${contestant.name} has no ${sessions} sessions`)
  const before = { service: cpuSecondsOf(pid), postgres: cpuSecondsOfPostgres(database) }
  const result = await load
    .run({
      origin,
      connections: sessions,
      limit: { milliseconds },
      ...(perSecond === undefined ? {} : { perSecond }),
      flow: {
        module: new URL('../peers/refresh-flow.js', import.meta.url).href,
        data: refreshTokens.slice(0, sessions).map((refreshToken): RefreshFlowData => ({ request, refreshToken }))
      }
    })
    .catch((error: unknown) => {
      throw new Error(`${contestant.name}: ${error instanceof Error ? error.message : String(error)}`)
    })
  contestant.refreshTokens = [...(result.states as string[]), ...refreshTokens.slice(sessions)]
  const { requestsPerSecond, latency, latencies = [], clientCpuMicrosPerRequest } = result
  return {
    perSecond: requestsPerSecond,
    p50Ms: latency.p50Ms,
    p99Ms: latency.p99Ms,
    latencies,
    serviceCpuMicros: microsPerRequest(before.service, cpuSecondsOf(pid), result),
    postgresCpuMicros: microsPerRequest(before.postgres, cpuSecondsOfPostgres(database), result),
    clientCpuMicros: clientCpuMicrosPerRequest
  }
}

/** Pools close connections that rest for ten seconds, as they do between two turns: this opens them again. */
const leadMs = 100

/** A round of one turn, after a moment that is not counted. */
export async function refreshAwake(
  load: LoadGenerator,
  contestant: RefreshContestant,
  how: RefreshLoad
): Promise<RefreshRound> {
  await refreshFor(load, contestant, { sessions: how.sessions, milliseconds: leadMs })
  return refreshFor(load, contestant, how)
}

/** Warms each contestant up with the most sessions of its turns, then takes all turns in each round. */
export async function measureTurns(
  load: LoadGenerator,
  turns: readonly Turn[],
  { rounds, roundMs, warmUpMs }: { readonly rounds: number; readonly roundMs: number; readonly warmUpMs: number },
  progress: (message: string) => void
): Promise<Map<Turn, RefreshRound[]>> {
  for (const contestant of new Set(turns.map((turn) => turn.contestant))) {
    const sessions = Math.max(...turns.filter((turn) => turn.contestant === contestant).map((turn) => turn.sessions))
    await refreshFor(load, contestant, { sessions, milliseconds: warmUpMs })
  }
  return interleave(turns, rounds, async ({ contestant, sessions }, number) => {
    const found = await refreshAwake(load, contestant, { sessions, milliseconds: roundMs })
    progress(`round ${number + 1} of ${rounds}: ${contestant.name}, ${sessions}: ${Math.round(found.perSecond)}/s`)
    return found
  })
}

/** The medians of the rounds as figures of a measurement; missing ones are left out. */
export function refreshFigures(rounds: readonly RefreshRound[]): Record<string, number> {
  const figures: Record<string, readonly (number | undefined)[]> = {
    refreshes_per_s: rounds.map(({ perSecond }) => perSecond),
    p50_ms: rounds.map(({ p50Ms }) => p50Ms),
    p99_ms: rounds.map(({ p99Ms }) => p99Ms),
    service_cpu_us: rounds.map(({ serviceCpuMicros }) => serviceCpuMicros),
    postgres_cpu_us: rounds.map(({ postgresCpuMicros }) => postgresCpuMicros),
    client_cpu_us: rounds.map(({ clientCpuMicros }) => clientCpuMicros)
  }
  const known = Object.entries(figures).flatMap(([name, samples]) => {
    const seen = samples.filter((sample) => sample !== undefined)
    return seen.length === 0 ? [] : [[name, round(median(seen))] as const]
  })
  return Object.fromEntries(known)
}
