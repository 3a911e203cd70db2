import { describeError, type Logger, pause } from '@countersign/service-kit'
import type { RevocationOutbox } from './revocation-outbox.ts'
import type { RevocationPublisher } from './revocation-publisher.ts'

export interface OlderDatabaseDeps {
  readonly outbox: Pick<RevocationOutbox, 'readPosition'>
  readonly publisher: Pick<RevocationPublisher, 'readPosition' | 'advancePosition'>
  readonly logger: Logger
  /** How often it looks, in milliseconds. Default 1,000. */
  readonly intervalMs?: number
}

/** Notices a database that is older than what was published from it: sessions that were ended since would live again. */
export interface OlderDatabaseWatch {
  /** Whether the database is known to be as new as what was published, or nothing can be known about it. */
  isCurrent(): boolean
  close(): Promise<void>
}

/** Without a transport that can be asked, a start waits for so long, and then goes on without it. */
const firstLookMs = 2000
const firstIntervalMs = 100

/** Looks at once, and then at each interval. Until the first look is over, the database is not current. */
export function watchForOlderDatabase(deps: OlderDatabaseDeps): OlderDatabaseWatch {
  const { outbox, publisher, logger, intervalMs = 1000 } = deps
  const startedAt = performance.now()
  const closing = new AbortController()
  let state: 'unknown' | 'current' | 'older' = 'unknown'
  const watching = watchUntilClosed()
  return {
    isCurrent: () => state === 'current',
    async close() {
      closing.abort()
      await watching
    }
  }

  async function watchUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      await look()
      await pause(state === 'unknown' ? firstIntervalMs : intervalMs, closing.signal)
    }
  }

  async function look(): Promise<void> {
    try {
      // First what was published: what is given meanwhile is higher.
      const published = await publisher.readPosition()
      const own = await outbox.readPosition()
      if (published > own.given) {
        reportOlder(published, own.given)
        return
      }
      if (state === 'older') logger.info('the database is no longer older than what was published from it')
      state = 'current'
      if (own.published > published) await publisher.advancePosition(own.published)
    } catch (error) {
      if (state === 'unknown' && performance.now() - startedAt > firstLookMs) state = 'current'
      logger.debug({ cause: describeError(error) }, 'the position of the outbox cannot be compared')
    }
  }

  function reportOlder(published: bigint, given: bigint): void {
    if (state === 'older') return
    state = 'older'
    logger.error(
      { published: String(published), given: String(given) },
      'The database is older than the revocations that were published from it: it was restored, or has lost commits. Sessions that were ' +
        'ended since would live again, so this service is not ready. Run: countersign after-restore'
    )
  }
}
