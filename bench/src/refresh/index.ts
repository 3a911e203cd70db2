import { startPostgresContainer } from '@countersign/testing/containers'
import { type LoadGenerator, startLoadGenerator } from '../load/load-generator.ts'
import { createProfiler } from '../peers/profile-process.ts'
import { median, round } from '../statistics.ts'
import {
  type Goal,
  interleave,
  type Measurement,
  type Outcome,
  type Profile,
  ratioOfRounds,
  type Suite,
  type SuiteContext
} from '../suite.ts'
import {
  type CliIo,
  type OwnContestant,
  type RefreshContestant,
  startCountersign,
  startIssuerPeer
} from './refresh-contestant.ts'
import { type RefreshRound, refreshFigures, refreshFor } from './refresh-rounds.ts'
import { checkRotation } from './rotation-check.ts'

/** Sessions that refresh at the same time. */
const sessions = 16

interface Plan {
  readonly rounds: number
  readonly roundMs: number
  readonly warmUpMs: number
}

type Contestants = [OwnContestant, ...RefreshContestant[]]

/** Refreshes per second of Countersign, its peers, and the work that none of them can do without. */
export const refresh: Suite = {
  name: 'refresh',
  summary: `refreshes per second of ${sessions} sessions, each one after another, over Postgres: against peers that rotate and sign as well, and against one UPDATE and one signature`,
  async run(context) {
    const plan = context.isQuick
      ? { rounds: 2, roundMs: 400, warmUpMs: 400 }
      : { rounds: 15, roundMs: 1200, warmUpMs: 3000 }
    const load = startLoadGenerator()
    try {
      const fast = await compare(context, load, plan)
      const durable = await compareDurable(context, load, { ...plan, rounds: Math.min(plan.rounds, 9) })
      return { ...fast, measurements: [...fast.measurements, ...durable] }
    } finally {
      await load.stop()
    }
  }
}

async function compare(context: SuiteContext, load: LoadGenerator, plan: Plan): Promise<Outcome> {
  const io: CliIo = { ...context, sessions: sessions + 1 }
  return withContestants(
    context,
    [
      () => startCountersign(io),
      () => startIssuerPeer('bare-refresh', io, { hasOwnTables: false }),
      () => startIssuerPeer('oidc-provider', io),
      () => startIssuerPeer('better-auth', io, { more: { algorithm: 'RS256' } }),
      () => startIssuerPeer('better-auth', io, { more: { algorithm: 'EdDSA' } })
    ],
    async (contestants) => {
      const found = await measure(context, load, contestants, plan)
      const [own, limit, oidcProvider, betterAuth, betterAuthEdDsa] = contestants
      const profile = await profileRefresh(context, load, own, plan)
      const short = shortcoming(found.get(own) ?? [], found.get(limit as RefreshContestant) ?? [])
      return {
        measurements: [
          measurement('refresh', found, own, oidcProvider, { atLeast: 3 }),
          measurement('refresh', found, own, betterAuth, { atLeast: 3 }),
          { ...measurement('refresh', found, own, limit, { atLeast: 0.7 }), note: short },
          measurement('refresh', found, own, betterAuthEdDsa),
          ...contestants.map((contestant) => costs(contestant, found.get(contestant) ?? []))
        ],
        settings: contestants.map(({ setting }) => setting),
        profiles: [profile]
      }
    }
  )
}

/** Again where a commit waits for the disk, as it does in production. */
async function compareDurable(context: SuiteContext, load: LoadGenerator, plan: Plan): Promise<Measurement[]> {
  context.progress('once more with a Postgres that waits for its disk')
  const postgres = await startPostgresContainer({ durable: true })
  const io: CliIo = {
    postgresUrl: postgres.url,
    redisUrl: `${context.redisUrl}/1`,
    sessions: sessions + 1
  }
  try {
    return await withContestants(
      context,
      [
        () => startCountersign(io),
        () => startIssuerPeer('bare-refresh', io, { hasOwnTables: false }),
        () => startIssuerPeer('oidc-provider', io),
        () => startIssuerPeer('better-auth', io, { more: { algorithm: 'RS256' } })
      ],
      async (contestants) => {
        const found = await measure(context, load, contestants, plan)
        const [own, ...others] = contestants
        const against = others.map((other) => measurement('refresh, commits on disk', found, own, other))
        return [...against, ...contestants.map((one) => costs(one, found.get(one) ?? [], ', commits on disk'))]
      }
    )
  } finally {
    await postgres.stop()
  }
}

/** Starts all, ours first, and ends them in any case. */
async function withContestants<T>(
  { progress }: SuiteContext,
  starts: readonly [() => Promise<OwnContestant>, ...(() => Promise<RefreshContestant>)[]],
  work: (contestants: Contestants) => Promise<T>
): Promise<T> {
  const started: RefreshContestant[] = []
  try {
    for (const start of starts) {
      const contestant = await start()
      started.push(contestant)
      await checkRotation(contestant)
      progress(`${contestant.name} rotates, and signs with ${contestant.algorithm}`)
    }
    return await work(started as unknown as Contestants)
  } finally {
    await Promise.all(started.map((contestant) => contestant.stop()))
  }
}

async function measure(
  { progress }: SuiteContext,
  load: LoadGenerator,
  contestants: readonly RefreshContestant[],
  { rounds, roundMs, warmUpMs }: Plan
): Promise<Map<RefreshContestant, RefreshRound[]>> {
  for (const contestant of contestants) await refreshFor(load, contestant, warmUpMs)
  return interleave(contestants, rounds, async (contestant, number) => {
    const found = await refreshFor(load, contestant, roundMs)
    progress(`round ${number + 1} of ${rounds}: ${contestant.name} ${Math.round(found.perSecond)}/s`)
    return found
  })
}

function measurement(
  name: string,
  found: ReadonlyMap<RefreshContestant, readonly RefreshRound[]>,
  own: RefreshContestant,
  other: RefreshContestant | undefined,
  goal?: Goal
): Measurement {
  if (!other) throw new TypeError('a contestant is missing')
  const rates = (contestant: RefreshContestant) => (found.get(contestant) ?? []).map(({ perSecond }) => perSecond)
  const [ours, theirs] = [rates(own), rates(other)]
  return {
    name,
    ratio: ratioOfRounds(ours, theirs, other.name),
    figures: { ours_per_s: round(median(ours)), theirs_per_s: round(median(theirs)) },
    ...(goal === undefined ? {} : { goal })
  }
}

function costs({ name }: RefreshContestant, rounds: readonly RefreshRound[], which = ''): Measurement {
  return { name: `a refresh of ${name}${which}`, figures: refreshFigures(rounds) }
}

/** Where a refresh of ours costs more than the limit's: what stands in the way on a machine with few cores. */
function shortcoming(own: readonly RefreshRound[], limit: readonly RefreshRound[]): string {
  const [ours, theirs] = [refreshFigures(own), refreshFigures(limit)]
  const parts = ['service', 'postgres', 'client'] as const
  const tell = (figures: Record<string, number>) =>
    parts
      .filter((part) => figures[`${part}_cpu_us`] !== undefined)
      .map((part) => `${part} ${figures[`${part}_cpu_us`]}`)
      .join(', ')
  return `processor time of one refresh in microseconds: ours ${tell(ours)}; the limit ${tell(theirs)}. The profile below says what ours is`
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
    await refreshFor(load, own, warmUpMs, url)
    return await profiler.profile("the auth-service's event loop during refreshes", process, () =>
      refreshFor(load, own, roundMs, url)
    )
  } finally {
    profiler.remove()
  }
}
