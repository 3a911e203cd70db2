import type { ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { post, register, signIn, startTrio } from '@countersign/testing/trio'
import { createClient } from 'redis'
import { createBenchDatabase } from '../databases.ts'
import { percentile, percentiles, round } from '../statistics.ts'
import { type Measurement, ratioOfRounds, type Suite, type SuiteContext } from '../suite.ts'
import { verdictOf } from '../suite-record.ts'
import { limitStream } from './messages.ts'
import { hearAll, startVerifier } from './verifiers.ts'

const verifierCount = 10
const sizes = { full: { rounds: 6, logoutsPerRound: 50 }, quick: { rounds: 2, logoutsPerRound: 5 } } as const

/** From a logout to the rejection of its token in ten verifier processes, through real HTTP, Postgres and Redis. */
export const revokeToReject: Suite = {
  name: 'revoke-to-reject',
  summary: `${sizes.full.rounds * sizes.full.logoutsPerRound} logouts, each until ${verifierCount} verifier processes refuse the token; the limit is a bare message in a Redis stream until the same processes have it`,
  async run(context) {
    const database = await createBenchDatabase(context.postgresUrl)
    const env = { REGISTRATIONS_PER_ADDRESS: '100000', LOG_LEVEL: 'info', SESSIONS_PER_USER: '100' }
    const trio = await startTrio({ databaseUrl: database.url, redisUrl: context.redisUrl, env })
    const verifiers: ChildProcess[] = []
    try {
      for (let i = 0; i < verifierCount; i++) {
        verifiers.push(await startVerifier(trio.auth.url, context.redisUrl))
      }
      return { measurements: await measure(context, trio.auth.url, verifiers) }
    } finally {
      for (const verifier of verifiers) if (verifier.connected) verifier.disconnect()
      await trio.stop()
      await database.drop()
    }
  }
}

/** Milliseconds, over all verifiers. */
interface Samples {
  readonly sinceRequest: number[]
  readonly sinceResponse: number[]
  readonly logout: number[]
  readonly limit: number[]
}

async function measure(
  { progress, isQuick, redisUrl }: SuiteContext,
  authUrl: string,
  verifiers: ChildProcess[]
): Promise<Measurement[]> {
  const { rounds, logoutsPerRound } = isQuick ? sizes.quick : sizes.full
  const redis = createClient({ url: redisUrl })
  // A lost connection fails the commands, and so the suite.
  redis.on('error', () => {})
  await redis.connect()
  const all: Samples[] = []
  try {
    for (let r = 0; r < rounds; r++) {
      progress(`${r * logoutsPerRound} of ${rounds * logoutsPerRound}`)
      const samples: Samples = { sinceRequest: [], sinceResponse: [], logout: [], limit: [] }
      const user = await register(authUrl)
      for (let i = 0; i < logoutsPerRound; i++) {
        const { access_token: token } = await signIn(authUrl, user)
        await measureLogout(samples, authUrl, verifiers, `${r}-${i}`, token)
        await measureLimit(samples, redis, verifiers, `limit-${r}-${i}`)
      }
      all.push(samples)
    }
  } finally {
    redis.destroy()
  }
  return report(all)
}

async function measureLogout(
  samples: Samples,
  authUrl: string,
  verifiers: ChildProcess[],
  id: string,
  token: string
): Promise<void> {
  const heard = hearAll(verifiers, id, 'acceptedOnce')
  for (const verifier of verifiers) verifier.send({ id, token })
  await heard
  const refusals = hearAll(verifiers, id, 'refusedAt')
  const requestedAt = process.hrtime.bigint()
  const { status } = await post(`${authUrl}/auth/logout`, undefined, token)
  const respondedAt = process.hrtime.bigint()
  if (status !== 204) throw new Error(`logout responded with ${status}`)
  samples.logout.push(Number(respondedAt - requestedAt) / 1e6)
  for (const { refusedAt } of await refusals) {
    samples.sinceRequest.push(Number(BigInt(refusedAt as string) - requestedAt) / 1e6)
    samples.sinceResponse.push(Number(BigInt(refusedAt as string) - respondedAt) / 1e6)
  }
}

async function measureLimit(
  samples: Samples,
  redis: { xAdd(key: string, id: string, message: Record<string, string>): Promise<unknown> },
  verifiers: ChildProcess[],
  id: string
): Promise<void> {
  const arrivals = hearAll(verifiers, id, 'arrivedAt')
  const sentAt = process.hrtime.bigint()
  await redis.xAdd(limitStream, '*', { id })
  for (const { arrivedAt } of await arrivals) {
    samples.limit.push(Number(BigInt(arrivedAt as string) - sentAt) / 1e6)
  }
}

function report(all: readonly Samples[]): Measurement[] {
  const pick = (member: keyof Samples) => all.map((samples) => samples[member])
  const figures = (rounds: readonly number[][]) => {
    const [median, p99, max] = percentiles(rounds.flat(), [50, 99, 100]) as [number, number, number]
    return { median_ms: round(median), p99_ms: round(p99), max_ms: round(max) }
  }
  const against = 'a bare message to as many readers (the limit)'
  const compare = (p: number) => {
    const at = (rounds: readonly number[][]) => rounds.map((samples) => percentile(samples, p))
    return ratioOfRounds(at(pick('sinceRequest')), at(pick('limit')), against)
  }
  const rejected: Measurement = {
    name: "from the logout's response to the refusal (negative: refused before it responded)",
    figures: figures(pick('sinceResponse')),
    goal: { figure: 'p99_ms', atMost: 10 }
  }
  const limit = figures(pick('limit'))
  const why = `even a bare message is with all ${verifierCount} processes only after ${limit.p99_ms} ms (p99) here: they, the services, Postgres and Redis share ${availableParallelism()} cores.`
  return [
    {
      name: "from the logout's request to the refusal, median",
      ratio: compare(50),
      figures: figures(pick('sinceRequest'))
    },
    {
      name: "from the logout's request to the refusal, p99",
      ratio: compare(99),
      figures: figures(pick('sinceRequest'))
    },
    verdictOf(rejected) === 'short' ? { ...rejected, note: why } : rejected,
    { name: 'the logout itself', figures: figures(pick('logout')) },
    { name: 'a bare message to as many readers', figures: limit }
  ]
}
