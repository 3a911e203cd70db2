/** The network that a task comes from and the account that it concerns: each gets its share. */
export interface FlowPair {
  readonly network: string
  readonly account: string
}

/** The tasks of one network, or of one account. */
export interface Flow {
  readonly key: string
  waiting: number
  running: number
  /** How much it was served, in virtual time: it never falls behind the least served flow that starts. */
  served: number
}

interface Flows {
  readonly network: Flow
  readonly account: Flow
}

/** The highest factor for the cost of a task when its flow has many others. */
const maxCost = 8
/** How long a flow counts as present after its last task. */
const presenceMs = 5000
/** How many flows without tasks are kept. */
const maxIdleFlows = 1000

/** Chooses who is served next: start-time fair queueing, where each task counts for its network and for its account. */
export interface FlowTable {
  /** Records that a task has arrived. */
  arrive(pair: FlowPair): Flows
  find(pair: FlowPair): Flows
  /** @returns the network's flow, without creating one */
  peek(network: string): Pick<Flow, 'waiting'>
  wait(flows: Flows): void
  leave(flows: Flows): void
  start(flows: Flows): void
  finish(network: Flow, account: Flow): void
  /** A flow has at most half of the places while another one is present. */
  mayRun(flows: Flows, concurrency: number): boolean
  /** @returns less than 0 when the first was served less: compares network and account, then account */
  compare(one: Flows, other: Flows): number
}

export function createFlowTable(now: () => number): FlowTable {
  const networks = new Map<string, Flow>()
  const accounts = new Map<string, Flow>()
  const presence = { network: createPresence(now), account: createPresence(now) }
  let virtualTime = 0

  const find = ({ network, account }: FlowPair): Flows => ({
    network: flowOf(networks, network),
    account: flowOf(accounts, account)
  })
  const servedOf = ({ network, account }: Flows) => Math.max(network.served, account.served, virtualTime)
  return {
    arrive(pair) {
      presence.network.note(pair.network)
      presence.account.note(pair.account)
      return find(pair)
    },
    find,
    peek: (network) => networks.get(network) ?? { waiting: 0 },
    wait: (flows) => both(flows, (flow) => flow.waiting++),
    leave: (flows) => both(flows, (flow) => flow.waiting--),
    start(flows) {
      virtualTime = servedOf(flows)
      both(flows, (flow) => {
        flow.running++
        flow.served = Math.max(flow.served, virtualTime) + Math.min(maxCost, flow.waiting + flow.running)
      })
    },
    finish(network, account) {
      both({ network, account }, (flow) => flow.running--)
      forgetIdle(networks)
      forgetIdle(accounts)
    },
    mayRun({ network, account }, concurrency) {
      const half = Math.max(1, Math.floor(concurrency / 2))
      const limitOf = (key: string, { hasOther }: Presence) => (hasOther(key) ? half : concurrency)
      return (
        network.running < limitOf(network.key, presence.network) &&
        account.running < limitOf(account.key, presence.account)
      )
    },
    compare: (one, other) => servedOf(one) - servedOf(other) || one.account.served - other.account.served
  }

  function flowOf(flows: Map<string, Flow>, key: string): Flow {
    const flow = flows.get(key) ?? { key, waiting: 0, running: 0, served: virtualTime }
    flows.set(key, flow)
    return flow
  }

  /** How much an idle flow was served matters until the others have caught up. */
  function forgetIdle(flows: Map<string, Flow>): void {
    if (flows.size <= maxIdleFlows) return
    for (const [key, { waiting, running, served }] of flows)
      if (waiting + running === 0 && served <= virtualTime) flows.delete(key)
  }
}

function both({ network, account }: Flows, change: (flow: Flow) => void): void {
  change(network)
  change(account)
}

interface Presence {
  note(key: string): void
  hasOther(key: string): boolean
}

/** Keeps the last two flows that were present: so for any flow it is known whether another one is present. */
function createPresence(now: () => number): Presence {
  let last = { key: '', at: Number.NEGATIVE_INFINITY }
  let other = last
  return {
    note(key) {
      if (key !== last.key) other = last
      last = { key, at: now() }
    },
    hasOther: (key) => now() - (key === last.key ? other : last).at < presenceMs
  }
}
