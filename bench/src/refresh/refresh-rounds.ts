import type { LoadGenerator } from '../load/load-generator.ts'
import { cpuSecondsOf, cpuSecondsOfPostgres, microsPerRequest } from '../peers/cpu-times.ts'
import type { RefreshFlowData } from '../peers/refresh-flow.ts'
import { median, round } from '../statistics.ts'
import type { RefreshContestant } from './refresh-contestant.ts'

/** One contestant in one round. Processor times are microseconds for each refresh. */
export interface RefreshRound {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly serviceCpuMicros: number | undefined
  readonly postgresCpuMicros: number | undefined
  readonly clientCpuMicros: number
  readonly clientUtilisation: number
}

/** All sessions refresh at once, each one refresh after another, and continue in the next round. */
export async function refreshFor(
  load: LoadGenerator,
  contestant: RefreshContestant,
  milliseconds: number,
  origin = contestant.url
): Promise<RefreshRound> {
  const { refresh: request, refreshTokens, pid, database } = contestant
  const before = { service: cpuSecondsOf(pid), postgres: cpuSecondsOfPostgres(database) }
  const result = await load
    .run({
      origin,
      connections: refreshTokens.length,
      limit: { milliseconds },
      flow: {
        module: new URL('../peers/refresh-flow.js', import.meta.url).href,
        data: refreshTokens.map((refreshToken): RefreshFlowData => ({ request, refreshToken }))
      }
    })
    .catch((error: unknown) => {
      throw new Error(`${contestant.name}: ${error instanceof Error ? error.message : String(error)}`)
    })
  contestant.refreshTokens = result.states as string[]
  const { requestsPerSecond, latency, clientCpuMicrosPerRequest, clientUtilisation } = result
  return {
    perSecond: requestsPerSecond,
    p50Ms: latency.p50Ms,
    p99Ms: latency.p99Ms,
    serviceCpuMicros: microsPerRequest(before.service, cpuSecondsOf(pid), result),
    postgresCpuMicros: microsPerRequest(before.postgres, cpuSecondsOfPostgres(database), result),
    clientCpuMicros: clientCpuMicrosPerRequest,
    clientUtilisation
  }
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
