import { describeError, type Logger, pause } from '@countersign/service-kit'
import type { Announcer, Announcing } from '../revocation/announcing.ts'
import { endAllSessions, type GroupEndings, requestWaitMs } from './session-endings.ts'

export interface SessionEnderDeps {
  groups: Announcing<GroupEndings>
  /** Whether it may use the database now. */
  mayRun(): boolean
  logger: Logger
}

/** Ends the sessions of groups, those of its own requests and those that another replica has left over. */
export interface SessionEnder extends Pick<Announcer, 'endRest'> {
  close(): Promise<void>
}

const pollIntervalMs = 2000

export function startSessionEnder({ groups, mayRun, logger }: SessionEnderDeps): SessionEnder {
  const closing = new AbortController()
  const running = runUntilClosed()
  let turn: Promise<unknown> = Promise.resolve()

  /** One batch of this replica at a time: requests would otherwise have to wait for a connection. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }

  const batchesOf = (endingId: bigint) => ({
    endBatch: (limit: number) => inTurn(() => groups.endBatch(limit, endingId))
  })

  return {
    async endRest(endingId) {
      const waiting = new AbortController()
      const timer = setTimeout(() => waiting.abort(), requestWaitMs)
      closing.signal.addEventListener('abort', () => waiting.abort(), { once: true, signal: waiting.signal })
      const progress = { ended: 0 }
      try {
        const onProgress = (ended: number) => Object.assign(progress, { ended })
        return await endAllSessions(batchesOf(endingId), { signal: waiting.signal, onProgress })
      } catch (error) {
        // The change itself is committed, and so is that they end.
        logger.warn({ cause: describeError(error) }, 'ending sessions failed; it continues in the background')
        return { ...progress, published: false, isComplete: false }
      } finally {
        clearTimeout(timer)
        // Takes the listener away again.
        waiting.abort()
      }
    },
    async close() {
      closing.abort()
      await running
    }
  }

  async function runUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      if (mayRun()) await endThoseLeft()
      await pause(pollIntervalMs, closing.signal)
    }
  }

  async function endThoseLeft(): Promise<void> {
    try {
      // They take turns, batch by batch, and one that fails holds up no other.
      await Promise.all((await groups.left()).map(endThoseOf))
    } catch (error) {
      logger.warn({ cause: describeError(error) }, 'ending sessions failed; it is tried again')
    }
  }

  async function endThoseOf(endingId: bigint): Promise<void> {
    try {
      const { ended } = await endAllSessions(batchesOf(endingId), { signal: closing.signal })
      if (ended > 0) logger.info({ sessions: ended }, 'ended sessions that a change had left over')
    } catch (error) {
      logger.warn({ cause: describeError(error) }, 'ending sessions failed; it is tried again')
    }
  }
}
