import type { FlowFactory } from '../../src/load/load-plan.ts'

/** Sends three requests, each of which tells how many answers have come. */
const createCountingFlow: FlowFactory = (data) => {
  let answers = 0
  return {
    next: () => (answers === 3 ? undefined : { path: `/${data}/${answers}` }),
    answered: () => {
      answers++
    },
    state: () => `${data}${answers}`
  }
}

export default createCountingFlow
