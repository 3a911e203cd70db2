import type { FlowFactory } from '../../src/load/load-plan.ts'

/** Sends three requests, each of which tells how many responses have come. */
const createCountingFlow: FlowFactory = (data) => {
  let responses = 0
  return {
    next: () => (responses === 3 ? undefined : { path: `/${data}/${responses}` }),
    onResponse: () => {
      responses++
    },
    state: () => `${data}${responses}`
  }
}

export default createCountingFlow
