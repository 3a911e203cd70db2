import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { AttemptCount } from './attempt-counters.ts'

/** How many may wait for the attempts of one counter. */
const maxWaiting = 64

interface UnderWay {
  attempts: number
  /** First come, first served: each attempt that ends wakes one of them. */
  readonly waiting: (() => void)[]
}

/** The counted attempts of this process that have no result yet, so that those over the limit can wait for them. */
export interface AttemptsUnderWay {
  /** How many attempts are under way for a counter. */
  countOf(count: AttemptCount): number
  /** @returns a function that marks them as ended */
  begin(counts: readonly AttemptCount[]): () => void
  /**
   * Waits until an attempt of each of these counters has ended.
   * @returns whether there was one: false means that the limit applies
   * @throws {TemporarilyUnavailableError} when too many attempts are waiting
   */
  wait(counts: readonly AttemptCount[]): Promise<boolean>
}

export function trackAttemptsUnderWay(): AttemptsUnderWay {
  const underWay = new Map<string, UnderWay>()
  return {
    countOf: (count) => underWay.get(nameOf(count))?.attempts ?? 0,
    begin(counts) {
      for (const count of counts) {
        const entry = underWay.get(nameOf(count)) ?? { attempts: 0, waiting: [] }
        entry.attempts++
        underWay.set(nameOf(count), entry)
      }
      return () => counts.forEach(end)
    },
    async wait(counts) {
      const entries = counts.map((count) => underWay.get(nameOf(count)))
      if (!entries.every((entry) => entry !== undefined)) return false
      if (entries.some(({ waiting }) => waiting.length >= maxWaiting)) {
        throw new TemporarilyUnavailableError({
          description: 'Too many sign-ins are under way. Try again in a moment.',
          retryAfterSeconds: 2
        })
      }
      await Promise.all(entries.map(({ waiting }) => new Promise<void>((resolve) => waiting.push(resolve))))
      return true
    }
  }

  function end(count: AttemptCount): void {
    const entry = underWay.get(nameOf(count))
    if (!entry) return
    entry.attempts--
    if (entry.attempts === 0) {
      // Nothing is left to wake the others: each checks again.
      underWay.delete(nameOf(count))
      for (const wake of entry.waiting) wake()
    } else entry.waiting.shift()?.()
  }
}

function nameOf({ name, key }: AttemptCount): string {
  return `${name} ${key}`
}
