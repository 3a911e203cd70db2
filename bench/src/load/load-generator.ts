import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LoadPlan, LoadResult } from './load-plan.ts'

/** A process that generates load, one round at a time. */
export interface LoadGenerator {
  /** Rejects when a response had an unexpected status, or did not come. */
  run(plan: LoadPlan): Promise<LoadResult>
  stop(): Promise<void>
}

/**
 * Starts a load generator. It writes prepared bytes to plain sockets, one request under way on each connection: that takes
 * less of the second core than a full HTTP client, so that the server is what a round measures.
 */
export function startLoadGenerator(): LoadGenerator {
  const child = fork(fileURLToPath(new URL('./load-process.js', import.meta.url)), { serialization: 'advanced' })
  const gone = once(child, 'exit')
  return {
    async run(plan) {
      const reply = once(child, 'message') as Promise<[{ result?: LoadResult; error?: string }]>
      child.send(plan)
      const [{ result, error }] = await Promise.race([
        reply,
        gone.then(([code]) => Promise.reject(new Error(`the load generator ended with ${code}`)))
      ])
      if (result === undefined) throw new Error(error)
      return result
    },
    async stop() {
      if (child.connected) child.disconnect()
      await gone
    }
  }
}
