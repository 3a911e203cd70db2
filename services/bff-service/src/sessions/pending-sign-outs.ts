import { setTimeout } from 'node:timers/promises'
import { describeError, type Logger } from '@countersign/service-kit'
import { LRUCache } from 'lru-cache'

export interface PendingSignOuts {
  /** Tries until it works, or for ten minutes: by then nobody has had the tokens for long. */
  add(signOut: () => Promise<void>): void
  close(): Promise<void>
}

const capacity = 10_000
const patienceMs = 10 * 60_000

/** Sessions that have ended here while the issuer was away: it hears of them when it is back. */
export function startPendingSignOuts({ logger, intervalMs }: { logger: Logger; intervalMs: number }): PendingSignOuts {
  const pending = new LRUCache<() => Promise<void>, true>({ max: capacity, ttl: patienceMs })
  const closing = new AbortController()
  const running = runUntilClosed()
  return {
    add: (signOut) => pending.set(signOut, true),
    async close() {
      closing.abort()
      await running
    }
  }

  async function runUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      await setTimeout(intervalMs, undefined, { signal: closing.signal, ref: false }).catch(() => {})
      for (const signOut of [...pending.keys()]) if (!(await attempt(signOut))) break
    }
  }

  async function attempt(signOut: () => Promise<void>): Promise<boolean> {
    try {
      await signOut()
      pending.delete(signOut)
      return true
    } catch (error) {
      logger.warn({ cause: describeError(error), pending: pending.size }, 'the issuer has not heard of a sign-out yet')
      return false
    }
  }
}
