import type { RequestSpec } from '../load/load-plan.ts'
import type { ServerProcess } from '../servers/server-process.ts'
import type { Suite, SuiteContext } from '../suite.ts'
import { compareBursts } from './bursts.ts'
import { compareCold, compareWarm, compareWarmCluster } from './comparisons.ts'
import {
  bareKoa,
  bareKoaAgain,
  type Contestant,
  contestants,
  finalists,
  noCheck,
  noDenylist,
  noOp,
  ours,
  settingOf
} from './contestants.ts'
import { measureDifference } from './difference.ts'
import { takeProfiles } from './profiles.ts'
import { type Results, runRounds } from './rounds.ts'
import { type Stage, setStage } from './stage.ts'
import { mintRequests } from './tokens.ts'

const connections = 64
/** Warm-up rounds for the compilers, which are not reported. A cold one is short, and the code that it runs is long. */
const warmUps = { warm: 3, cold: 8, burst: 1 } as const
const processes = 3

/** How much is measured for one set of servers. */
interface Rounds {
  readonly rounds: number
  readonly coldRounds: number
  readonly warmMs: number
  /** Requests of one cold round. */
  readonly cold: number
}

interface Sizes {
  readonly single: Rounds
  /** At most as many rounds, and as many cold requests, as `single`: the tokens are the same. */
  readonly cluster: Rounds
  readonly warmTokens: number
  readonly burst: number
  readonly burstRounds: number
  readonly revocations: number
  readonly profileMs: number
  readonly difference: { readonly rounds: number; readonly warmUps: number; readonly milliseconds: number }
}

const full: Sizes = {
  // Many short ones: disturbances of the machine come and go within a second.
  single: { rounds: 21, coldRounds: 15, warmMs: 300, cold: 2000 },
  cluster: { rounds: 15, coldRounds: 11, warmMs: 300, cold: 2000 },
  warmTokens: 300,
  burst: 1000,
  burstRounds: 9,
  revocations: 5000,
  profileMs: 2000,
  // Some of its servers are new, while the others have been compiled long ago.
  difference: { rounds: 15, warmUps: 8, milliseconds: 300 }
}
const quick: Sizes = {
  single: { rounds: 2, coldRounds: 2, warmMs: 150, cold: 200 },
  cluster: { rounds: 2, coldRounds: 2, warmMs: 150, cold: 200 },
  warmTokens: 50,
  burst: 100,
  burstRounds: 2,
  revocations: 500,
  profileMs: 200,
  difference: { rounds: 2, warmUps: 1, milliseconds: 150 }
}

/** The cost of a protected route, warm and cold, in one process and in three, compared with what others use. */
export const protectedRoute: Suite = {
  name: 'protected-route',
  summary: `one protected route: processor time of the server for a request on four frameworks, warm (each token was seen before); requests per second cold (none was), ${full.burst} cold ones at once; one process and a cluster of ${processes}; ${connections} connections`,
  async run(context) {
    const size = context.isQuick ? quick : full
    const stage = await setStage(context, size.revocations)
    try {
      const measured = await measureAll(stage, size, context)
      return { ...measured, settings: [...contestants, ...inBetween].map(settingOf) }
    } finally {
      await stage.close()
    }
  }
}

/** Only to separate what the difference is made of. */
const inBetween = [noOp, noCheck, noDenylist]

interface Tokens {
  readonly warm: readonly RequestSpec[]
  /** One lot for each round, the first ones for the compilers. */
  readonly cold: readonly (readonly RequestSpec[])[]
  readonly burst: readonly (readonly RequestSpec[])[]
  readonly profile: readonly RequestSpec[]
}

async function measureAll(stage: Stage, size: Sizes, context: SuiteContext) {
  const tokens = await mintAll(stage, size, context)
  const single = await startAll(stage, contestants, 1, context)
  const warm = await measureWarm(stage, size.single, tokens, single, context, 'one process')
  const final = new Map([...single].filter(([contestant]) => finalists.includes(contestant)))
  const cold = await measureCold(stage, size.single, tokens, final, context, 'one process')

  context.progress(`${size.burst} new tokens at once`)
  const checking = new Map([...final].filter(([contestant]) => contestant !== bareKoa))
  const bursts = await runRounds(stage.load, checking, size.burstRounds + warmUps.burst, (round) => ({
    connections: size.burst,
    limit: { requests: size.burst },
    requests: tokens.burst[round] as RequestSpec[]
  }))
  // Each in a process of its own: what one has served before changes what a request costs it.
  const fresh = await startAll(stage, [bareKoa, bareKoaAgain, ours, ...inBetween], 1, context)
  context.progress(`where the difference comes from: ${size.difference.rounds} rounds`)
  const difference = await measureDifference(stage, fresh, tokens.warm, { ...size.difference, connections })
  await Promise.all([...fresh.values()].map((server) => server.stop()))
  const clusters = await startAll(stage, finalists, processes, context)
  const several = `${processes} processes`
  const warmCluster = await measureWarm(stage, size.cluster, tokens, clusters, context, several)
  const coldCluster = await measureCold(stage, size.cluster, tokens, clusters, context, several)
  await Promise.all([...clusters.values()].map((server) => server.stop()))

  const measurements = [
    ...compareWarm('warm', warm),
    ...difference,
    ...compareCold('cold', cold),
    ...compareBursts(without(warmUps.burst, bursts), size.burst),
    ...compareWarmCluster(`warm, ${several}`, warmCluster),
    ...compareCold(`cold, ${several}`, coldCluster)
  ]
  const plans = {
    warm: { connections, limit: { milliseconds: size.profileMs }, requests: tokens.warm, repeat: true },
    cold: { connections, limit: { requests: tokens.profile.length }, requests: tokens.profile }
  }
  return { measurements, profiles: await takeProfiles(stage, plans, single, measurements, context) }
}

async function mintAll(
  { issuer }: Stage,
  { single, warmTokens, burst, burstRounds }: Sizes,
  { progress }: SuiteContext
): Promise<Tokens> {
  const [coldLots, burstLots] = [single.coldRounds + warmUps.cold, burstRounds + warmUps.burst]
  const profiled = 2 * single.cold
  const count = warmTokens + coldLots * single.cold + burstLots * burst + profiled
  progress(`minting ${count.toLocaleString('en')} tokens`)
  const requests = await mintRequests(issuer, count, (done) => progress(`${done.toLocaleString('en')} are minted`))
  const take = (n: number) => requests.splice(0, n)
  return {
    warm: take(warmTokens),
    cold: Array.from({ length: coldLots }, () => take(single.cold)),
    burst: Array.from({ length: burstLots }, () => take(burst)),
    profile: take(profiled)
  }
}

async function startAll(
  stage: Stage,
  chosen: readonly Contestant[],
  count: number,
  { progress }: SuiteContext
): Promise<Map<Contestant, ServerProcess>> {
  const servers = new Map<Contestant, ServerProcess>()
  for (const contestant of chosen) {
    progress(`starting ${contestant.name}${count > 1 ? `, ${count} processes` : ''}`)
    servers.set(contestant, await stage.start(contestant, count))
  }
  return servers
}

/** Rounds with tokens that each server has seen. */
async function measureWarm(
  { load }: Stage,
  { rounds, warmMs }: Rounds,
  tokens: Tokens,
  servers: ReadonlyMap<Contestant, ServerProcess>,
  { progress }: SuiteContext,
  what: string
): Promise<Results> {
  progress(`warm, ${what}: ${rounds} rounds`)
  const found = await runRounds(load, servers, rounds + warmUps.warm, () => ({
    connections,
    limit: { milliseconds: warmMs },
    requests: tokens.warm,
    repeat: true
  }))
  return without(warmUps.warm, found)
}

/** Rounds with tokens that no server has seen. */
async function measureCold(
  { load }: Stage,
  { coldRounds, cold }: Rounds,
  tokens: Tokens,
  servers: ReadonlyMap<Contestant, ServerProcess>,
  { progress }: SuiteContext,
  what: string
): Promise<Results> {
  progress(`cold, ${what}: ${coldRounds} rounds`)
  const found = await runRounds(load, servers, coldRounds + warmUps.cold, (round) => ({
    connections,
    limit: { requests: cold },
    requests: tokens.cold[round] as RequestSpec[]
  }))
  return without(warmUps.cold, found)
}

function without(first: number, results: Results): Results {
  return new Map([...results].map(([contestant, rounds]) => [contestant, rounds.slice(first)]))
}
