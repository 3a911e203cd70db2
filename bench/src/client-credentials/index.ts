import { availableParallelism } from 'node:os'
import { startLoadGenerator } from '../load/load-generator.ts'
import type { BareRate, BareWork } from '../peers/bare-work.ts'
import { startPeer } from '../peers/peer-process.ts'
import { median, round } from '../statistics.ts'
import { interleave, type Measurement, type Outcome, ratioOfRounds, type Suite, type SuiteContext } from '../suite.ts'
import {
  type ClientContestant,
  type ClientRound,
  startCountersignClients,
  startOidcProviderClient
} from './client-contestant.ts'

const connections = 16

/** About the length of the signing input of such a token. */
const payloadBytes = 560

interface Contestant extends Pick<ClientContestant, 'name' | 'setting'> {
  measure(milliseconds: number): Promise<ClientRound>
}

interface Contestants {
  readonly withSecret: Contestant
  readonly withKey: Contestant
  /** oidc-provider with its clients in the configuration, and in Postgres. */
  readonly configured: Contestant
  readonly stored: Contestant
  readonly signing: Contestant
}

/** A client's own tokens per second: against oidc-provider, and against nothing but their signatures. */
export const clientCredentials: Suite = {
  name: 'client-credentials',
  summary: `a client's own tokens per second, asked for over ${connections} connections: against oidc-provider, and against bare signatures on all cores`,
  async run(context) {
    const load = startLoadGenerator()
    const stops: (() => Promise<void>)[] = [load.stop]
    try {
      const own = await startCountersignClients(context)
      stops.push(own.stop)
      const configured = await startOidcProviderClient(context, false)
      stops.push(configured.stop)
      const stored = await startOidcProviderClient(context, true)
      stops.push(stored.stop)
      const signing = await startSigning()
      stops.push(signing.stop)
      const viaLoad = (contestant: ClientContestant): Contestant => ({
        ...contestant,
        measure: (milliseconds) => contestant.measure(load, { milliseconds, connections })
      })
      const contestants: Contestants = {
        withSecret: viaLoad(own.withSecret),
        withKey: viaLoad(own.withKey),
        configured: viaLoad(configured.client),
        stored: viaLoad(stored.client),
        signing
      }
      const outcome = await compare(context, contestants)
      context.progress('profiling a replica')
      const profile = await own.profile(load, { milliseconds: context.isQuick ? 400 : 2000, connections })
      return { ...outcome, profiles: [profile] }
    } finally {
      for (const stop of stops.reverse()) await stop()
    }
  }
}

async function compare({ isQuick, progress }: SuiteContext, contestants: Contestants): Promise<Outcome> {
  const { rounds, roundMs } = isQuick ? { rounds: 2, roundMs: 400 } : { rounds: 7, roundMs: 2000 }
  const all = Object.values(contestants) as Contestant[]
  for (const contestant of all) await contestant.measure(roundMs)
  const found = await interleave(all, rounds, async (contestant, number) => {
    const result = await contestant.measure(roundMs)
    progress(`round ${number + 1} of ${rounds}: ${contestant.name} ${Math.round(result.perSecond)}/s`)
    return result
  })
  const rates = (contestant: Contestant) => (found.get(contestant) ?? []).map(({ perSecond }) => perSecond)
  const against = (own: Contestant, other: Contestant): Measurement => ({
    name: own.name,
    ratio: ratioOfRounds(rates(own), rates(other), other.name),
    figures: { ours_per_s: round(median(rates(own))), theirs_per_s: round(median(rates(other))) }
  })
  const { withSecret, withKey, configured, stored, signing } = contestants
  return {
    measurements: [
      against(withSecret, configured),
      against(withSecret, stored),
      against(withSecret, signing),
      against(withKey, signing),
      ...all.map((contestant) => costs(contestant, found.get(contestant) ?? []))
    ],
    settings: [withSecret, configured, stored, signing].map(({ setting }) => setting)
  }
}

function costs({ name }: Contestant, rounds: readonly ClientRound[]): Measurement {
  const members = {
    p50_ms: 'p50Ms',
    p99_ms: 'p99Ms',
    service_cpu_us: 'serviceCpuMicros',
    postgres_cpu_us: 'postgresCpuMicros',
    client_cpu_us: 'clientCpuMicros'
  } as const
  const figures: Record<string, number> = { tokens_per_s: round(median(rounds.map(({ perSecond }) => perSecond))) }
  for (const [figure, member] of Object.entries(members)) {
    const seen = rounds.map((found) => found[member]).filter((value) => value !== undefined)
    if (seen.length > 0) figures[figure] = round(median(seen))
  }
  return { name: `one token: ${name}`, figures }
}

async function startSigning(): Promise<Contestant & { stop(): Promise<void> }> {
  const cores = availableParallelism()
  const work: BareWork = { kind: 'sign', atOnce: 2 * cores, payloadBytes }
  const peer = await startPeer(new URL('../peers/bare-work.js', import.meta.url), work, {
    UV_THREADPOOL_SIZE: String(cores)
  })
  return {
    name: 'bare signatures',
    setting: {
      contestant: 'bare signatures',
      versions: {},
      options: `a process that only signs: crypto.sign, RS256 (2048 bits), ${payloadBytes} bytes, ${2 * cores} under way on a thread pool of ${cores}, one for each core`
    },
    measure: async (milliseconds) => peer.ask<BareRate>({ milliseconds }),
    stop: peer.stop
  }
}
