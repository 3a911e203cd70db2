import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { post, register, signIn, startTrio, type Trio } from '@countersign/testing/trio'
import { createBenchDatabase, fillDatabase } from './databases.ts'
import { median, round } from './statistics.ts'
import type { Measurement, Suite, SuiteContext } from './suite.ts'

const small = 1000
const large = 1_000_000
const rounds = 12
const refreshesPerRound = 100

/** What a refresh and a look-up cost with a million live sessions and revocations, against a thousand. */
export const growth: Suite = {
  name: 'growth',
  summary: `refresh and look-up at ${large.toLocaleString('en')} sessions and revocations against ${small.toLocaleString('en')}`,
  async run(context) {
    return { measurements: [await measureRefresh(context), ...(await measureViews())] }
  }
}

interface Side {
  trio: Trio
  refreshToken: string
  samples: number[]
}

async function measureRefresh({ postgresUrl, redisUrl, progress }: SuiteContext): Promise<Measurement> {
  const databases = await Promise.all([createBenchDatabase(postgresUrl), createBenchDatabase(postgresUrl)])
  const sides: Side[] = []
  try {
    for (const [i, rows] of [small, large].entries()) {
      progress(`filling a database with ${rows.toLocaleString('en')} sessions`)
      const databaseUrl = databases[i]?.url as string
      await fillDatabase(databaseUrl, rows)
      const trio = await startTrio({
        databaseUrl,
        redisUrl: `${redisUrl}/${i + 1}`,
        readyWithinMs: 300_000,
        env: { LOG_LEVEL: 'info' }
      })
      const { refresh_token: refreshToken } = await signIn(trio.auth.url, await register(trio.auth.url))
      sides.push({ trio, refreshToken, samples: [] })
    }
    for (let round = 0; round < rounds; round++) {
      // Alternating, so that whatever else the machine does hits both.
      for (const side of round % 2 === 0 ? sides : [...sides].reverse()) await refreshRound(side, round === 0)
    }
    const [atSmall, atLarge] = sides.map(({ samples }) => median(samples)) as [number, number]
    return {
      name: 'refresh, large against small',
      figures: { ratio: round(atLarge / atSmall), small_median_ms: round(atSmall), large_median_ms: round(atLarge) },
      goal: { figure: 'ratio', atMost: 1.2 }
    }
  } finally {
    await Promise.all(sides.map(({ trio }) => trio.stop()))
    await Promise.all(databases.map((database) => database.drop()))
  }
}

async function refreshRound(side: Side, isWarmUp: boolean): Promise<void> {
  for (let i = 0; i < refreshesPerRound; i++) {
    const begin = performance.now()
    const { status, body } = await post<{ refresh_token: string }>(`${side.trio.auth.url}/auth/refresh`, {
      refresh_token: side.refreshToken
    })
    if (status !== 200) throw new Error(`refresh answered ${status}`)
    if (!isWarmUp) side.samples.push(performance.now() - begin)
    side.refreshToken = body.refresh_token
  }
}

async function measureViews(): Promise<Measurement[]> {
  const script = fileURLToPath(new URL('./view-size.js', import.meta.url))
  const sizes = new Map<number, { bytesPerEntry: number[]; nanoseconds: number[] }>()
  for (let round = 0; round < 5; round++) {
    for (const size of [small, large]) {
      const { stdout } = await promisify(execFile)(process.execPath, [
        '--expose-gc',
        '--max-old-space-size=4096',
        script,
        String(size)
      ])
      const { bytesPerEntry, nanoseconds } = JSON.parse(stdout) as { bytesPerEntry: number; nanoseconds: number }
      const samples = sizes.get(size) ?? { bytesPerEntry: [], nanoseconds: [] }
      samples.bytesPerEntry.push(bytesPerEntry)
      samples.nanoseconds.push(nanoseconds)
      sizes.set(size, samples)
    }
  }
  const lookUp = (size: number) => median(sizes.get(size)?.nanoseconds ?? [])
  return [
    {
      name: 'look-up of a token that is not revoked, large against small',
      figures: {
        ratio: round(lookUp(large) / lookUp(small)),
        small_median_ns: round(lookUp(small)),
        large_median_ns: round(lookUp(large))
      }
    },
    {
      name: 'memory of a view with a million entries',
      figures: { bytes_per_entry: round(median(sizes.get(large)?.bytesPerEntry ?? [])) }
    }
  ]
}
