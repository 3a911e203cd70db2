import { setTimeout as delay } from 'node:timers/promises'
import { secondsWithoutCore } from '../peers/cpu-times.ts'
import { createProfiler } from '../peers/profile-process.ts'
import type { RefreshFlowData } from '../peers/refresh-flow.ts'
import { median, percentile, round } from '../statistics.ts'
import { interleave, type Measurement, type Profile, ratioOfRounds, type SuiteContext } from '../suite.ts'
import { startClientProcess } from './client-process.ts'
import type { FloodOrder, FloodResult, SteadyPlan, SteadyResult } from './flood-plan.ts'
import type { SignInService } from './sign-in-service.ts'

const refreshesPerSecond = 50
const jwksPerSecond = 100
const floodConnections = 64
const pauseMs = { least: 50, most: 150 }

/** The flood during which the steady requests are measured. */
interface State {
  readonly name: string
  readonly order: Omit<Exclude<FloodOrder, 'end'>, 'origin'> | undefined
}

interface FloodRound extends SteadyResult {
  readonly flood: FloodResult | undefined
  /** How much of the time the service's event loop had work and no core, 0 to 1. */
  readonly shareWithoutCore: number | undefined
}

/** How long refreshes and the JWKS take while sign-ins flood the service, compared with an idle service. */
export async function measureFlood(
  { isQuick, progress }: SuiteContext,
  service: SignInService
): Promise<{ measurements: Measurement[]; profile: Profile }> {
  // Many short ones: where the machine stands still for a moment, as virtual ones do at full load, that is one round's alone.
  const { rounds, milliseconds } = isQuick ? { rounds: 2, milliseconds: 1000 } : { rounds: 10, milliseconds: 2000 }
  const common = { connections: floodConnections, pauseMs }
  const idle: State = { name: 'idle', order: undefined }
  const rightOnes: State = { name: 'sign-ins', order: { ...common, requests: service.signIns, status: 200 } }
  const wrongOnes: State = {
    name: 'wrong passwords',
    order: { ...common, requests: service.wrongSignIns, status: 401 }
  }
  const clients = startClients()
  try {
    await clients.measure(service, rightOnes, Math.min(milliseconds, 3000))
    const found = await interleave([idle, rightOnes, wrongOnes], rounds, async (state, number) => {
      const result = await clients.measure(service, state, milliseconds)
      const p99 = round(percentile(result.refreshMs, 99))
      progress(`round ${number + 1} of ${rounds}: ${state.name}, refresh p99 ${p99} ms`)
      return result
    })
    const of = (state: State) => found.get(state) ?? []
    return {
      measurements: [
        compare('refresh p99 while sign-ins flood', 'refreshMs', of(rightOnes), of(idle), true),
        compare('refresh p99 while wrong passwords flood', 'refreshMs', of(wrongOnes), of(idle), true),
        compare('JWKS p99 while sign-ins flood', 'jwksMs', of(rightOnes), of(idle), false),
        compare('JWKS p99 while wrong passwords flood', 'jwksMs', of(wrongOnes), of(idle), false)
      ],
      profile: await profileFlood(clients, service, rightOnes, milliseconds)
    }
  } finally {
    await clients.stop()
  }
}

function startClients() {
  const flooding = startClientProcess(new URL('./flood-process.js', import.meta.url))
  const steady = startClientProcess(new URL('./steady-process.js', import.meta.url))
  return {
    async measure(
      service: SignInService,
      { order }: State,
      milliseconds: number,
      origin = service.url
    ): Promise<FloodRound> {
      if (order) await flooding.ask({ origin, ...order } satisfies FloodOrder)
      // Until the queue of passwords is full, or empty again.
      await delay(700)
      const plan: SteadyPlan = {
        origin,
        milliseconds,
        refreshesPerSecond,
        sessions: service.refreshTokens.map(
          (refreshToken): RefreshFlowData => ({ request: refreshRequest, refreshToken })
        ),
        jwksPerSecond,
        jwks: { path: '/.well-known/jwks.json' },
        jwksConnections: 8
      }
      const begin = performance.now()
      const waitedBefore = secondsWithoutCore(service.pid)
      const result = await steady.ask<SteadyResult>(plan)
      const waited = secondsWithoutCore(service.pid)
      const shareWithoutCore =
        waited === undefined || waitedBefore === undefined
          ? undefined
          : ((waited - waitedBefore) * 1000) / (performance.now() - begin)
      service.refreshTokens = [...result.refreshTokens]
      return { ...result, shareWithoutCore, flood: order ? await flooding.ask<FloodResult>('end') : undefined }
    },
    async stop() {
      await flooding.stop()
      await steady.stop()
    }
  }
}

const refreshRequest = {
  path: '/auth/refresh',
  headers: { 'Content-Type': 'application/json' },
  body: '{"refresh_token":"{refresh_token}"}'
}

function compare(
  name: string,
  member: 'refreshMs' | 'jwksMs',
  flooded: readonly FloodRound[],
  idle: readonly FloodRound[],
  hasGoal: boolean
): Measurement {
  const p99s = (rounds: readonly FloodRound[]) => rounds.map((found) => percentile(found[member], 99))
  const pooled = (rounds: readonly FloodRound[], p: number) =>
    percentile(
      rounds.flatMap((found) => found[member]),
      p
    )
  const floods = flooded.flatMap(({ flood }) => flood ?? [])
  const perSecond = (kind: 'accepted' | 'rejected') => round(median(floods.map((flood) => flood[kind] / flood.seconds)))
  const withoutCore = medianWithoutCore(flooded)
  return {
    name,
    ratio: ratioOfRounds(p99s(flooded), p99s(idle), 'idle'),
    figures: {
      pooled_ratio: round(pooled(flooded, 99) / pooled(idle, 99)),
      p99_ms: round(pooled(flooded, 99)),
      idle_p99_ms: round(pooled(idle, 99)),
      p50_ms: round(pooled(flooded, 50)),
      idle_p50_ms: round(pooled(idle, 50)),
      ...(withoutCore === undefined ? {} : { event_loop_without_core: withoutCore }),
      samples_per_round: flooded[0]?.[member].length ?? 0,
      hashed_per_s: perSecond('accepted'),
      turned_away_per_s: perSecond('rejected')
    },
    ...(hasGoal ? { goal: { atMost: 2 } } : {}),
    ...(hasGoal && withoutCore !== undefined ? { note: noteOn(withoutCore, medianWithoutCore(idle) ?? 0) } : {})
  }
}

function medianWithoutCore(rounds: readonly FloodRound[]): number | undefined {
  const shares = rounds.flatMap(({ shareWithoutCore }) => shareWithoutCore ?? [])
  return shares.length === 0 ? undefined : round(median(shares))
}

function noteOn(flooded: number, idle: number): string {
  const percent = (share: number) => `${round(share * 100)} %`
  return `the service's event loop had work and no core to do it on for ${percent(flooded)} of the time, idle for ${percent(idle)}. The profile below says what its work was`
}

async function profileFlood(
  clients: ReturnType<typeof startClients>,
  service: SignInService,
  state: State,
  milliseconds: number
): Promise<Profile> {
  const profiler = createProfiler()
  try {
    const { url, process } = await service.startReplica({ NODE_OPTIONS: profiler.nodeOptions })
    await clients.measure(service, state, Math.min(milliseconds, 2000), url)
    return await profiler.profile("the auth-service's event loop while sign-ins flood", process, () =>
      clients.measure(service, state, Math.min(milliseconds, 4000), url)
    )
  } finally {
    profiler.remove()
  }
}

/** The parts of a flood for the settings of a result. */
export const floodSetting = `${refreshesPerSecond} refreshes and ${jwksPerSecond} JWKS requests per second at fixed times, timed from when each was due; the flood: ${floodConnections} connections, each with the next sign-in as soon as one has its response and ${pauseMs.least} to ${pauseMs.most} ms after a 503, from a process of lower priority`
