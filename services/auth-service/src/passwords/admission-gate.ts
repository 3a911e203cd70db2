import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { Logger } from '@countersign/service-kit'
import { createFlowTable, type Flow, type FlowPair } from './flows.ts'

export interface AdmissionGateOptions {
  /** How many tasks run at once. */
  concurrency: number
  /** How many more may wait. */
  queueLimit: number
  /** Called for each rejection. */
  onRejected?(): void
  /** Milliseconds of a monotonic clock. */
  now?(): number
}

/**
 * Runs a few expensive tasks, lets a few more wait, and rejects the rest, so that everything else stays fast. Networks and
 * accounts share it fairly: none can fill it, whatever it sends (decision 19).
 */
export interface AdmissionGate {
  /**
   * @throws {TemporarilyUnavailableError} when the queue is full; also later, when a task whose flow has fewer tasks needs the
   * place
   * @param options.isHeavy whether it takes much memory: of such tasks one at a time runs
   */
  run<T>(flow: FlowPair, task: () => Promise<T>, options?: { readonly isHeavy: boolean }): Promise<T>
  /** For callers with work to do before the task. @throws {TemporarilyUnavailableError} when the queue is full for this network */
  requireRoom(network: string): void
}

interface Waiting {
  readonly network: Flow
  readonly account: Flow
  readonly isHeavy: boolean
  start(): void
  reject(error: Error): void
}

export function createAdmissionGate(options: AdmissionGateOptions): AdmissionGate {
  const { concurrency, queueLimit, onRejected, now = () => performance.now() } = options
  const table = createFlowTable(now)
  const waiting: Waiting[] = []
  let running = 0
  let isHeavyRunning = false

  return {
    requireRoom(network) {
      if (running < concurrency || waiting.length < queueLimit) return
      const { waiting: ofNetwork } = table.peek(network)
      // A task with a larger share would be rejected in any case, so the queue need not be searched.
      if (ofNetwork > queueLimit / 2 || ofNetwork + 2 >= largestShare()) throw rejection()
    },
    async run(flow, task, { isHeavy } = { isHeavy: false }) {
      await admitted(flow, isHeavy)
      const { network, account } = table.find(flow)
      try {
        return await task()
      } finally {
        running--
        if (isHeavy) isHeavyRunning = false
        table.finish(network, account)
        pump()
      }
    }
  }

  function admitted(pair: FlowPair, isHeavy: boolean): Promise<void> {
    const flows = table.arrive(pair)
    return new Promise((resolve, reject) => {
      enqueue({ ...flows, isHeavy, start: resolve, reject })
    })
  }

  function enqueue(entry: Waiting): void {
    waiting.push(entry)
    table.wait(entry)
    pump()
    if (waiting.length <= queueLimit) return
    // The newest task of the flow with the largest share; perhaps the one that just arrived.
    const largest = largestShare()
    const victim = waiting.findLast((other) => share(other) === largest) as Waiting
    leave(victim)
    victim.reject(rejection())
  }

  /** Starts tasks while there is room, the least served flow first. */
  function pump(): void {
    while (running < concurrency) {
      const next = waiting.filter(mayRun).reduce(lessServed, undefined)
      if (!next) return
      leave(next)
      running++
      isHeavyRunning ||= next.isHeavy
      table.start(next)
      next.start()
    }
  }

  function mayRun(entry: Waiting): boolean {
    return !(entry.isHeavy && isHeavyRunning) && table.mayRun(entry, concurrency)
  }

  function leave(entry: Waiting): void {
    waiting.splice(waiting.indexOf(entry), 1)
    table.leave(entry)
  }

  function largestShare(): number {
    return waiting.reduce((largest, entry) => Math.max(largest, share(entry)), 0)
  }

  function rejection(): Error {
    onRejected?.()
    return new TemporarilyUnavailableError({
      description: 'Too many sign-ins are under way. Try again in a moment.',
      retryAfterSeconds: 2
    })
  }

  function lessServed(best: Waiting | undefined, entry: Waiting): Waiting {
    return best && table.compare(best, entry) <= 0 ? best : entry
  }
}

/** How much of the queue a task's network and account use. */
function share({ network, account }: Waiting): number {
  return network.waiting + account.waiting
}

const warningIntervalMs = 10_000

/** Warns of the first rejection, then every ten seconds at most with their number: a flood must not fill the log. */
export function warnOfRejections(logger: Logger): () => void {
  let rejected = 0
  let warnedAt = Number.NEGATIVE_INFINITY
  return () => {
    rejected++
    const now = performance.now()
    if (now - warnedAt < warningIntervalMs) return
    logger.warn({ turned_away: rejected }, 'the password hashing queue is full: sign-ins are rejected')
    rejected = 0
    warnedAt = now
  }
}
