/** Sends refreshes and requests for the JWKS at fixed rates, whether or not the responses keep up. */
import { setPriority } from 'node:os'
import { type Connection, openConnection } from '../load/connection.ts'
import type { Flow, RequestSpec } from '../load/load-plan.ts'
import { type Lane, pace } from '../load/pace.ts'
import { writeRequest } from '../load/run-load.ts'
import createRefreshFlow from '../peers/refresh-flow.ts'
import type { SteadyPlan, SteadyResult } from './flood-plan.ts'

// What it measures must not be how long it waits for a core itself. Not everybody may do that.
try {
  setPriority(-15)
} catch {}

process.on('message', (plan: SteadyPlan) => {
  run(plan).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) })
  )
})
process.on('disconnect', () => process.exit(0))

async function run(plan: SteadyPlan): Promise<SteadyResult> {
  const origin = new URL(plan.origin)
  const connections: Connection[] = []
  let fail: (error: Error) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  const openLane = async (flow: Flow): Promise<Lane> => {
    const connection = await openConnection(origin, (error) => fail(error))
    connections.push(connection)
    return {
      send(onResponse) {
        const request = flow.next() as RequestSpec
        connection.send(writeRequest(request, origin.host), (response) => {
          if (response.status !== 200) {
            return fail(new Error(`${request.path} got ${response.status}: ${response.body.slice(0, 300)}`))
          }
          flow.onResponse?.(response)
          onResponse()
        })
      }
    }
  }
  const flows = plan.sessions.map((session) => createRefreshFlow(session))
  const jwksFlows = Array.from({ length: plan.jwksConnections }, (): Flow => ({ next: () => plan.jwks }))
  try {
    const refreshLanes = await Promise.all(flows.map(openLane))
    const jwksLanes = await Promise.all(jwksFlows.map(openLane))
    const [refreshMs, jwksMs] = await Promise.race([
      failed,
      Promise.all([
        pace(refreshLanes, plan.refreshesPerSecond, plan.milliseconds),
        pace(jwksLanes, plan.jwksPerSecond, plan.milliseconds)
      ])
    ])
    return { refreshMs, jwksMs, refreshTokens: flows.map((flow) => flow.state?.() as string) }
  } finally {
    for (const connection of connections) connection.close()
  }
}
