import { KeysUnavailableError } from '../errors.ts'

export interface LookupQueueOptions {
  /** How many may wait at once. */
  readonly max: number
  /** How many of those that found nothing are let go in one turn of the event loop. */
  readonly perTurn: number
}

/** Look-ups that wait for a fetch they share. */
export interface LookupQueue {
  /**
   * Waits for the fetch, then looks.
   *
   * A flood of unknown kids is bounded twice. Past `max`, a look-up is refused at once, as unknown rather than as bad:
   * tokens of a really new key may be among them, and are valid at the next try, since the fetch that the others wait for
   * brings their key. And what found nothing is let go in small groups: thousands of refusals in one turn, each with a
   * log line and a response, would stop all other requests for as long. What was found never waits for them.
   *
   * @throws {KeysUnavailableError} when too many wait; or what the fetch rejects with.
   */
  after<T>(fetched: () => Promise<void>, look: () => T | undefined): Promise<T | undefined>
}

export function createLookupQueue({ max, perTurn }: LookupQueueOptions): LookupQueue {
  const passTurnstile = createTurnstile(perTurn)
  let waiting = 0

  return {
    async after(fetched, look) {
      if (waiting >= max) throw new KeysUnavailableError({ detail: `${max} look-ups wait for the key set already` })
      waiting++
      try {
        const error = await fetched().then(
          () => undefined,
          (reason: unknown) => reason
        )
        const found = look()
        if (found !== undefined) return found
        await passTurnstile()
        if (error !== undefined) throw error
        return undefined
      } finally {
        waiting--
      }
    }
  }
}

/** Lets so many callers through in each turn of the event loop, in the order in which they came. */
function createTurnstile(perTurn: number): () => Promise<void> {
  const queue: (() => void)[] = []
  const turn = () => {
    for (const pass of queue.splice(0, perTurn)) pass()
    if (queue.length > 0) setImmediate(turn)
  }
  return () =>
    new Promise((resolve) => {
      if (queue.push(resolve) === 1) setImmediate(turn)
    })
}
