/** The process of the load generator: receives plans, returns results. */
import type { LoadPlan } from './load-plan.ts'
import { runLoad } from './run-load.ts'

process.on('message', (plan: LoadPlan) => {
  runLoad(plan).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) })
  )
})
process.on('disconnect', () => process.exit(0))
