import { describeError, type Logger, pause } from '@countersign/service-kit'
import type { RevocationOutbox } from './revocation/revocation-outbox.ts'
import type { RevocationPublisher } from './revocation/revocation-publisher.ts'

export interface DatabaseWatchDeps {
  /** @returns what of its schema does not fit this version, as a sentence. @throws when the database cannot be asked */
  findSchemaFault(): Promise<string | undefined>
  readonly outbox: Pick<RevocationOutbox, 'lacks'>
  readonly publisher: Pick<RevocationPublisher, 'readDatabaseMemory' | 'holdDatabase'>
  readonly logger: Logger
  /** How often it looks, in milliseconds. Default 1,000. */
  readonly intervalMs?: number
}

/**
 * Notices while the service runs that it must not use the database: a later version has taken away what it needs, or the database
 * is older than what was published from it, so that sessions which were ended since would live again.
 */
export interface DatabaseWatch {
  hasSchema(): boolean
  /** Whether the database is known to be as new as what was published, or nothing can be known about it. */
  isCurrent(): boolean
  /** Both. While it is false, no request is accepted. */
  isUsable(): boolean
  /** Settles when it has looked for the first time, or is about to try that again. */
  readonly firstLook: Promise<void>
  close(): Promise<void>
}

/** How long a start waits for an unreachable transport before it continues: an outage of Redis stops no service. */
const firstResponseMs = 10_000
const firstIntervalMs = 100

/** Looks at once, and then at each interval. What cannot be asked stays as it was. */
export function watchDatabase(deps: DatabaseWatchDeps): DatabaseWatch {
  const { outbox, publisher, logger, intervalMs = 1000 } = deps
  const startedAt = performance.now()
  const closing = new AbortController()
  let schemaFault: string | undefined
  let age: 'unknown' | 'current' | 'older' = 'unknown'
  /** The operator's last decision when the database was found older. Only a newer one opens the service again. */
  let decisionBefore: string | undefined
  const firstLook = look()
  const watching = firstLook.then(watchUntilClosed)
  return {
    hasSchema: () => schemaFault === undefined,
    isCurrent: () => age === 'current',
    isUsable: () => schemaFault === undefined && age === 'current',
    firstLook,
    async close() {
      closing.abort()
      await watching
    }
  }

  async function watchUntilClosed(): Promise<void> {
    for (;;) {
      await pause(age === 'unknown' ? firstIntervalMs : intervalMs, closing.signal)
      if (closing.signal.aborted) return
      await look()
    }
  }

  async function look(): Promise<void> {
    await Promise.all([lookAtSchema(), lookAtAge()])
  }

  async function lookAtSchema(): Promise<void> {
    const found = await deps.findSchemaFault().catch(() => schemaFault)
    if (found === schemaFault) return
    schemaFault = found
    if (found === undefined) logger.info('the schema of the database fits this version again')
    else logger.error(`${found} This service accepts no requests; it continues by itself.`)
  }

  async function lookAtAge(): Promise<void> {
    try {
      // First what was published: what is committed meanwhile is newer.
      const { isHeld, decision, lastPublished } = await publisher.readDatabaseMemory()
      const isDecided = age !== 'older' || (decision !== undefined && decision !== decisionBefore)
      if (isDecided && !isHeld && !(await outbox.lacks(lastPublished))) {
        if (age === 'older') logger.info('the operator has decided: this service continues with the database as it is')
        age = 'current'
        return
      }
      if (age !== 'older') logger.error(olderDatabase)
      if (isDecided) decisionBefore = decision
      age = 'older'
      // Redis may have lost the mark: a replica that knows sets it again.
      if (!isHeld) await publisher.holdDatabase(decision)
    } catch (error) {
      if (age === 'unknown' && performance.now() - startedAt > firstResponseMs) age = 'current'
      logger.debug({ cause: describeError(error) }, 'the database cannot be compared to what was published')
    }
  }
}

const olderDatabase =
  'The database is older than the revocations that were published from it: it was restored, or has lost commits. Sessions that were ' +
  'ended since would live again, so this service accepts no requests. Run: countersign after-restore'
