import { startPostgresContainer } from '@countersign/testing/containers'
import { type LoadGenerator, startLoadGenerator } from '../load/load-generator.ts'
import { createProfiler } from '../peers/profile-process.ts'
import type { Goal, Measurement, Outcome, Profile, Suite, SuiteContext } from '../suite.ts'
import { compareProcessorTimes, compareRates, costs, type Found, roundsOf } from './compare-refreshes.ts'
import { compareAtFixedRate } from './fixed-rate.ts'
import {
  type ContestantOptions,
  type Contestants,
  type OwnContestant,
  type RefreshContestant,
  startCountersign,
  startIssuerPeer
} from './refresh-contestant.ts'
import { measureTurns, refreshFigures, refreshFor } from './refresh-rounds.ts'
import { checkRotation } from './rotation-check.ts'

/** Sessions that refresh at the same time. Most contestants are measured at the middle one alone. */
const levels = [1, 16, 64] as const
const [, middle, most] = levels

interface Plan {
  readonly rounds: number
  readonly roundMs: number
  readonly warmUpMs: number
  /** Rounds at a fixed rate. */
  readonly paced: { readonly rounds: number; readonly roundMs: number }
}

const full: Plan = { rounds: 9, roundMs: 800, warmUpMs: 2000, paced: { rounds: 5, roundMs: 1500 } }
const quick: Plan = { rounds: 2, roundMs: 400, warmUpMs: 400, paced: { rounds: 2, roundMs: 400 } }

/** Refreshes per second of Countersign, its peers, and the work that none of them can do without. */
export const refresh: Suite = {
  name: 'refresh',
  summary: `refreshes per second of ${levels.join(', ')} sessions, each one after another, over Postgres: against peers that rotate and sign as well, and against one UPDATE and one signature`,
  async run(context) {
    const plan = context.isQuick ? quick : full
    const load = startLoadGenerator()
    try {
      const fast = await compare(context, load, plan)
      const durable = await compareDurable(context, load, plan)
      return { ...fast, measurements: [...fast.measurements, ...durable] }
    } finally {
      await load.stop()
    }
  }
}

async function compare(context: SuiteContext, load: LoadGenerator, plan: Plan): Promise<Outcome> {
  const io = { ...context, againRedisUrl: `${context.redisUrl}/2` }
  const others = (['RS256', 'EdDSA'] as const).map(
    (algorithm) => () => startIssuerPeer('better-auth', { ...context, sessions: middle + 1 }, { more: { algorithm } })
  )
  return withContestants(context, io, others, async (contestants) => {
    const { own, limit, oidcProvider } = contestants
    const measurements = await compareAll(context, load, contestants, plan, inMemory)
    const settings = [own, limit, oidcProvider, ...contestants.others].map(({ setting }) => setting)
    return { measurements, settings, profiles: [await profileRefresh(context, load, own, plan)] }
  })
}

/** Again where a commit waits for the disk, as it does in production. */
async function compareDurable(context: SuiteContext, load: LoadGenerator, plan: Plan): Promise<Measurement[]> {
  context.progress('once more with a Postgres that waits for its disk')
  const postgres = await startPostgresContainer({ durable: true })
  const [redisUrl, againRedisUrl] = [`${context.redisUrl}/1`, `${context.redisUrl}/3`]
  try {
    const io = { postgresUrl: postgres.url, redisUrl, againRedisUrl }
    return await withContestants(context, io, [], (all) => compareAll(context, load, all, plan, onDisk))
  } finally {
    await postgres.stop()
  }
}

/** How commits are made, and the goals there. */
interface Commits {
  /** The end of the names of its lines. */
  readonly which: string
  /** Share of the limit's rate, by the number of sessions. */
  readonly ofLimit: Readonly<Record<number, Goal>>
  readonly ofPeers: Goal
  readonly processorTime?: Goal
}

const inMemory: Commits = { which: '', ofLimit: { [middle]: { atLeast: 0.7 } }, ofPeers: { atLeast: 3 } }
const onDisk: Commits = {
  which: ', commits on disk',
  ofLimit: { [middle]: { atLeast: 0.9 }, [most]: { atLeast: 1.1 } },
  ofPeers: { atLeast: 2.8 },
  processorTime: { atMost: 1.25 }
}

async function compareAll(
  context: SuiteContext,
  load: LoadGenerator,
  all: Contestants,
  plan: Plan,
  commits: Commits
): Promise<Measurement[]> {
  const found = await measureLevels(context, load, all, plan)
  const { limit } = all
  // Half of what the limit reaches: what a service runs at that has room for a bad minute.
  const perSecond = Math.round((refreshFigures(roundsOf(found, limit, middle)).refreshes_per_s as number) / 2)
  return [
    ...levels.flatMap((sessions) => againstLimit(found, all, sessions, commits)),
    ...[middle, most].flatMap((sessions) => againstPeers(found, all, sessions, commits)),
    ...(await compareAtFixedRate(context, load, all, { ...plan.paced, perSecond }, commits.which)),
    ...allCosts(found, all, commits)
  ]
}

/** Rates and processor times at one level, each with its A/A line. */
function againstLimit(
  found: Found,
  { own, again, limit }: Contestants,
  sessions: number,
  { which, ofLimit, processorTime }: Commits
): Measurement[] {
  const name = `refresh, ${clients(sessions)}${which}`
  const time = `processor time of the service, ${clients(sessions)}${which}`
  return [
    compareRates(name, found, own, limit, sessions, ofLimit[sessions]),
    { ...compareRates(name, found, own, again, sessions), isNoise: true },
    ...compareProcessorTimes(time, found, own, limit, sessions, sessions > 1 ? processorTime : undefined),
    ...compareProcessorTimes(time, found, own, again, sessions).map((one) => ({ ...one, isNoise: true as const }))
  ]
}

/** The goal is for the middle level, and for those that sign by the same algorithm. */
function againstPeers(
  found: Found,
  { own, oidcProvider, others }: Contestants,
  sessions: number,
  { which, ofPeers }: Commits
): Measurement[] {
  return [oidcProvider, ...others]
    .filter((peer) => roundsOf(found, peer, sessions).length > 0)
    .map((peer) => {
      const goal = sessions === middle && peer.algorithm === own.algorithm ? ofPeers : undefined
      return compareRates(`refresh, ${clients(sessions)}${which}`, found, own, peer, sessions, goal)
    })
}

function allCosts(found: Found, { own, limit, oidcProvider, others }: Contestants, { which }: Commits): Measurement[] {
  return levels.flatMap((sessions) =>
    [own, limit, oidcProvider, ...others]
      .map((contestant) => ({ contestant, rounds: roundsOf(found, contestant, sessions) }))
      .filter(({ rounds }) => rounds.length > 0)
      .map(({ contestant, rounds }) => costs(`a refresh of ${contestant.name}, ${clients(sessions)}${which}`, rounds))
  )
}

function clients(sessions: number): string {
  return sessions === 1 ? '1 client' : `${sessions} clients`
}

function measureLevels(
  { progress }: SuiteContext,
  load: LoadGenerator,
  { own, again, limit, oidcProvider, others }: Contestants,
  { rounds, roundMs, warmUpMs }: Plan
): Promise<Found> {
  const turns = [
    ...[own, limit, again].map((contestant) => ({ contestant, sessions: 1 })),
    ...[own, limit, again, oidcProvider, ...others].map((contestant) => ({ contestant, sessions: middle })),
    ...[own, limit, again, oidcProvider].map((contestant) => ({ contestant, sessions: most }))
  ]
  return measureTurns(load, turns, { rounds, roundMs, warmUpMs }, progress)
}

/** Starts all, checks that each rotates, and ends them in any case. */
async function withContestants<T>(
  { progress }: SuiteContext,
  { postgresUrl, redisUrl, againRedisUrl }: Omit<ContestantOptions, 'sessions'> & { readonly againRedisUrl: string },
  startOthers: readonly (() => Promise<RefreshContestant>)[],
  work: (contestants: Contestants) => Promise<T>
): Promise<T> {
  const io: ContestantOptions = { postgresUrl, redisUrl, sessions: most + 1 }
  const started: RefreshContestant[] = []
  const begin = async <C extends RefreshContestant>(start: () => Promise<C>): Promise<C> => {
    const contestant = await start()
    started.push(contestant)
    await checkRotation(contestant)
    progress(`${contestant.name} rotates, and signs with ${contestant.algorithm}`)
    return contestant
  }
  try {
    const own = await begin(() => startCountersign(io))
    const again = await begin(() => startCountersign({ ...io, redisUrl: againRedisUrl }, 'Countersign again'))
    const limit = await begin(() => startIssuerPeer('bare-refresh', io, { hasOwnTables: false }))
    const oidcProvider = await begin(() => startIssuerPeer('oidc-provider', io))
    const others: RefreshContestant[] = []
    for (const start of startOthers) others.push(await begin(start))
    return await work({ own, again, limit, oidcProvider, others })
  } finally {
    await Promise.all(started.map((contestant) => contestant.stop()))
  }
}

/** One more round of ours, at a replica whose event loop is profiled. */
async function profileRefresh(
  { progress }: SuiteContext,
  load: LoadGenerator,
  own: OwnContestant,
  { roundMs, warmUpMs }: Plan
): Promise<Profile> {
  progress('profiling a replica')
  const profiler = createProfiler()
  try {
    const { url, process } = await own.startReplica({ NODE_OPTIONS: profiler.nodeOptions })
    const replica = { sessions: middle, origin: url }
    await refreshFor(load, own, { ...replica, milliseconds: warmUpMs })
    return await profiler.profile("the auth-service's event loop during refreshes", process, () =>
      refreshFor(load, own, { ...replica, milliseconds: roundMs })
    )
  } finally {
    profiler.remove()
  }
}
