/** Sends refreshes and requests for the JWKS at fixed rates, whether or not the answers keep up. */
import { type Connection, openConnection } from '../load/connection.ts'
import { writeRequest } from '../load/run-load.ts'
import createRefreshFlow from '../peers/refresh-flow.ts'
import type { SteadyPlan, SteadyResult } from './flood-plan.ts'

/** One connection that is free or not. */
interface Lane {
  readonly connection: Connection
  next(): Buffer
  answered(status: number, body: string): void
}

process.on('message', (plan: SteadyPlan) => {
  run(plan).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) })
  )
})
process.on('disconnect', () => process.exit(0))

async function run(plan: SteadyPlan): Promise<SteadyResult> {
  const origin = new URL(plan.origin)
  let fail: (error: Error) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  const open = () => openConnection(origin, (error) => fail(error))
  const flows = plan.sessions.map((session) => createRefreshFlow(session))
  const refreshLanes = await Promise.all(
    flows.map(async (flow): Promise<Lane> => {
      const connection = await open()
      return {
        connection,
        next: () => writeRequest(flow.next() ?? { path: '/' }, origin.host),
        answered(status, body) {
          if (status !== 200) return fail(new Error(`a refresh was answered with ${status}: ${body.slice(0, 300)}`))
          flow.answered?.({ status, head: '', body })
        }
      }
    })
  )
  const jwks = writeRequest(plan.jwks, origin.host)
  const jwksLanes = await Promise.all(
    Array.from({ length: plan.jwksConnections }, async (): Promise<Lane> => {
      const connection = await open()
      return {
        connection,
        next: () => jwks,
        answered: (status) => status !== 200 && fail(new Error(`the JWKS was answered with ${status}`))
      }
    })
  )
  try {
    const [refreshMs, jwksMs] = await Promise.race([
      failed,
      Promise.all([
        pace(refreshLanes, plan.refreshesPerSecond, plan.milliseconds),
        pace(jwksLanes, plan.jwksPerSecond, plan.milliseconds)
      ])
    ])
    return { refreshMs, jwksMs, refreshTokens: flows.map((flow) => flow.state?.() as string) }
  } finally {
    for (const { connection } of [...refreshLanes, ...jwksLanes]) connection.close()
  }
}

/**
 * A request is due at fixed times; with no lane free it waits, and that counts. Measured from the sending, a server that
 * stands still for a second would show in one request instead of in all that were due in it.
 */
function pace(lanes: readonly Lane[], perSecond: number, milliseconds: number): Promise<number[]> {
  const free = [...lanes]
  const waiting: number[] = []
  const latencies: number[] = []
  const count = Math.floor((perSecond * milliseconds) / 1000)
  const interval = 1000 / perSecond
  const begin = performance.now()
  return new Promise((resolve) => {
    const dispatch = () => {
      while (free.length > 0 && waiting.length > 0) {
        const lane = free.shift() as Lane
        const due = waiting.shift() as number
        lane.connection.send(lane.next(), ({ status, body }) => {
          latencies.push(performance.now() - due)
          lane.answered(status, body)
          free.push(lane)
          if (latencies.length === count) return resolve(latencies)
          dispatch()
        })
      }
    }
    let scheduled = 0
    const tick = () => {
      const now = performance.now()
      while (scheduled < count && begin + scheduled * interval <= now) {
        waiting.push(begin + scheduled * interval)
        scheduled++
      }
      dispatch()
      if (scheduled < count) setTimeout(tick, begin + scheduled * interval - performance.now())
    }
    tick()
  })
}
