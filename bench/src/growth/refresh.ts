import { post, register, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import { createBenchDatabase, fillDatabase } from '../databases.ts'
import { createProfiler, type Profiler } from '../peers/profile-process.ts'
import { strictRotation } from '../refresh/refresh-contestant.ts'
import { median } from '../statistics.ts'
import { interleave, type Outcome, type SuiteContext } from '../suite.ts'
import { compareSizes, name, withProfiles } from './compare-sizes.ts'

const refreshesPerRound = 100

interface Side {
  readonly size: number
  readonly trio: Trio
  readonly profiler: Profiler
  refreshToken: string
}

/** The latency of one refresh after the other, through real HTTP, Postgres and Redis. */
export async function measureRefresh(context: SuiteContext, sizes: readonly number[]): Promise<Outcome> {
  const rounds = context.isQuick ? 2 : 12
  const closing: (() => Promise<void>)[] = []
  try {
    const sides: Side[] = []
    for (const [i, size] of sizes.entries()) sides.push(await prepare(context, size, i + 1, closing))
    context.progress(`refreshing: ${rounds} rounds`)
    const found = await interleave(sides, rounds + 1, refreshRound)
    // The first round is for the compilers.
    const medians = sides.map((side) => [side.size, (found.get(side) ?? []).slice(1).map(median)] as const)
    const measurements = compareSizes('latency of a refresh', 'median_ms', new Map(medians))
    return await withProfiles(measurements, [sides[0], sides.at(-1)] as Side[], (side) =>
      side.profiler.profile(`a refresh at ${name(side.size)}`, side.trio.auth.process, () => refreshRound(side))
    )
  } finally {
    for (const close of closing.reverse()) await close()
  }
}

async function prepare(
  { postgresUrl, redisUrl, progress }: SuiteContext,
  size: number,
  redisDatabase: number,
  closing: (() => Promise<void>)[]
): Promise<Side> {
  progress(`filling a database with ${size.toLocaleString('en')} sessions and revocations`)
  const database = await createBenchDatabase(postgresUrl)
  closing.push(database.drop)
  await fillDatabase(database.url, size)
  const profiler = createProfiler()
  closing.push(async () => profiler.remove())
  const trio = await startTrio({
    databaseUrl: database.url,
    redisUrl: `${redisUrl}/${redisDatabase}`,
    readyWithinMs: 300_000,
    env: { ...strictRotation, LOG_LEVEL: 'info', NODE_OPTIONS: profiler.nodeOptions }
  })
  closing.push(() => trio.stop())
  const { refresh_token: refreshToken } = await signIn(trio.auth.url, await register(trio.auth.url))
  return { size, trio, profiler, refreshToken }
}

async function refreshRound(side: Side): Promise<number[]> {
  const samples: number[] = []
  for (let i = 0; i < refreshesPerRound; i++) {
    const begin = performance.now()
    const { status, body } = await post<{ refresh_token: string }>(`${side.trio.auth.url}/auth/refresh`, {
      refresh_token: side.refreshToken
    })
    if (status !== 200) throw new Error(`refresh responded with ${status}`)
    samples.push(performance.now() - begin)
    side.refreshToken = body.refresh_token
  }
  return samples
}
