import { summariseProfile } from '../cpu-profile.ts'
import type { RequestSpec } from '../load/load-plan.ts'
import { ours } from '../protected-route/contestants.ts'
import { root, type Stage, setStage } from '../protected-route/stage.ts'
import { mintRequests } from '../protected-route/tokens.ts'
import type { ServerProcess } from '../servers/server-process.ts'
import { interleave, type Outcome, type SuiteContext } from '../suite.ts'
import { compareSizes, name, withProfiles } from './compare-sizes.ts'

/** So many that the entries do not stay in the processor's caches. */
const tokens = 3000

interface Side {
  readonly size: number
  readonly stage: Stage
  readonly server: ServerProcess
  readonly requests: readonly RequestSpec[]
}

/** The processor time of a whole request with a cached token, through a real Koa route that follows a real Redis. */
export async function measureRoute(context: SuiteContext, sizes: readonly number[]): Promise<Outcome> {
  const { isQuick, progress, redisUrl } = context
  const rounds = isQuick ? 2 : 9
  const sides: Side[] = []
  const stages: Stage[] = []
  try {
    for (const [i, size] of sizes.entries()) {
      progress(`publishing ${size.toLocaleString('en')} revocations`)
      const stage = await setStage({ redisUrl: `${redisUrl}/${sizes.length + i + 1}` }, size)
      stages.push(stage)
      const server = await stage.start(ours)
      sides.push({ size, stage, server, requests: await mintRequests(stage.issuer, isQuick ? 100 : tokens, () => {}) })
    }
    progress(`requests to a protected route: ${rounds} rounds`)
    const found = await interleave(sides, rounds + 1, ({ stage, server, requests }) =>
      cpuPerRequest(stage, server, requests, isQuick ? 200 : 1000)
    )
    const cost = sides.map((side) => [side.size, (found.get(side) ?? []).slice(1)] as const)
    const measurements = compareSizes('processor time of a request to a protected route', 'cpu_us', new Map(cost))
    return await withProfiles(measurements, [sides[0], sides.at(-1)] as Side[], async (side) => {
      const profile = await side.server.profile(() => cpuPerRequest(side.stage, side.server, side.requests, 1500))
      return summariseProfile(`a request at ${name(side.size)}`, profile, root)
    })
  } finally {
    await Promise.all(stages.map((stage) => stage.close()))
  }
}

async function cpuPerRequest(
  { load }: Stage,
  server: ServerProcess,
  requests: readonly RequestSpec[],
  milliseconds: number
): Promise<number> {
  const { result, usage } = await server.measure(() =>
    load.run({ origin: server.url, connections: 64, limit: { milliseconds }, requests, repeat: true })
  )
  return usage.cpuMicros / result.requests
}
