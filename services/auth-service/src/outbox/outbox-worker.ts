/** Work that a transaction has left in a table of the database, and that replicas do afterwards. */
import { describeError, type Logger, pause } from '@countersign/service-kit'

export interface OutboxWorkerDeps<Item extends { readonly id: string }> {
  /** What is done, for the log: "looking for `name` failed". */
  name: string
  /** Claims items that are due: no other replica does them meanwhile. */
  claim(limit: number): Promise<readonly Item[]>
  /** Claims for as long again what this replica still does. Absent where no item takes that long. */
  extendClaims?(ids: readonly string[]): Promise<void>
  /** Makes items that requests have asked for. */
  prepare?(): Promise<void>
  /** Does one item, and keeps what became of it. It never fails. */
  work(item: Item): Promise<void>
  /** Whether it may use the database now. */
  mayRun(): boolean
  logger: Logger
  /** How many items are done at once. */
  concurrency: number
}

export interface OutboxWorker {
  /** Looks at once for items: some were just committed. */
  wake(): void
  close(): Promise<void>
}

/** How long an item is another replica's, once the one that claimed it has crashed. */
export const claimSeconds = 30

const pollIntervalMs = 3000
const extendIntervalMs = 10_000
const closeWithinMs = 10_000
const firstPauseSeconds = 10
const longestPauseSeconds = 3600

/** @returns seconds until the next attempt: twice as long after each one, up to an hour, and up to half of it earlier */
export function retryPause(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(firstPauseSeconds * 2 ** Math.min(attempt - 1, 20), longestPauseSeconds)
  return longest * (1 - random() / 2)
}

/** Starts to do what waits. Several replicas share the work. */
export function startOutboxWorker<Item extends { readonly id: string }>(deps: OutboxWorkerDeps<Item>): OutboxWorker {
  const { name, logger } = deps
  const closing = new AbortController()
  const underWay = new Map<string, Promise<void>>()
  let isWoken = false
  let waiting = new AbortController()
  const running = runUntilClosed()
  const extending = setInterval(extendClaims, extendIntervalMs)
  extending.unref()

  return {
    wake,
    async close() {
      closing.abort()
      wake()
      await running
      // What takes longer than that stays claimed, and another replica does it again.
      await Promise.race([Promise.all(underWay.values()), pause(closeWithinMs, new AbortController().signal)])
      clearInterval(extending)
    }
  }

  function wake(): void {
    isWoken = true
    waiting.abort()
  }

  async function runUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      isWoken = false
      if (deps.mayRun()) await runRound()
      waiting = new AbortController()
      if (!isWoken) await pause(pollIntervalMs, waiting.signal)
    }
  }

  async function runRound(): Promise<void> {
    try {
      await deps.prepare?.()
    } catch (error) {
      logger.warn({ cause: describeError(error) }, `preparing ${name} failed; it is tried again`)
    }
    try {
      const free = deps.concurrency - underWay.size
      if (free === 0) return
      for (const item of await deps.claim(free)) {
        const task = deps.work(item).finally(() => {
          underWay.delete(item.id)
          wake()
        })
        underWay.set(item.id, task)
      }
    } catch (error) {
      logger.warn({ cause: describeError(error) }, `looking for ${name} failed; it is tried again`)
    }
  }

  function extendClaims(): void {
    if (underWay.size === 0) return
    deps
      .extendClaims?.([...underWay.keys()])
      .catch((error: unknown) => logger.warn({ cause: describeError(error) }, `claims of ${name} were not extended`))
  }
}
