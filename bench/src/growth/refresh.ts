import { post, register, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import { createBenchDatabase, fillDatabase } from '../databases.ts'
import { median } from '../statistics.ts'
import { interleave, type Measurement, type SuiteContext } from '../suite.ts'
import { compareSizes } from './compare-sizes.ts'

const refreshesPerRound = 100

interface Side {
  readonly size: number
  readonly trio: Trio
  refreshToken: string
}

/** The latency of one refresh after the other, through real HTTP, Postgres and Redis. */
export async function measureRefresh(context: SuiteContext, sizes: readonly number[]): Promise<Measurement[]> {
  const rounds = context.isQuick ? 2 : 12
  const closing: (() => Promise<void>)[] = []
  try {
    const sides: Side[] = []
    for (const [i, size] of sizes.entries()) sides.push(await prepare(context, size, i + 1, closing))
    context.progress(`refreshing: ${rounds} rounds`)
    const found = await interleave(sides, rounds + 1, refreshRound)
    // The first round is for the compilers.
    const medians = sides.map((side) => [side.size, (found.get(side) ?? []).slice(1).map(median)] as const)
    return compareSizes('latency of a refresh', 'median_ms', new Map(medians))
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
  const trio = await startTrio({
    databaseUrl: database.url,
    redisUrl: `${redisUrl}/${redisDatabase}`,
    readyWithinMs: 300_000,
    env: { LOG_LEVEL: 'info' }
  })
  closing.push(() => trio.stop())
  const { refresh_token: refreshToken } = await signIn(trio.auth.url, await register(trio.auth.url))
  return { size, trio, refreshToken }
}

async function refreshRound(side: Side): Promise<number[]> {
  const samples: number[] = []
  for (let i = 0; i < refreshesPerRound; i++) {
    const begin = performance.now()
    const { status, body } = await post<{ refresh_token: string }>(`${side.trio.auth.url}/auth/refresh`, {
      refresh_token: side.refreshToken
    })
    if (status !== 200) throw new Error(`refresh answered ${status}`)
    samples.push(performance.now() - begin)
    side.refreshToken = body.refresh_token
  }
  return samples
}
