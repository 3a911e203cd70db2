import { describeError, type Logger, pause } from '@countersign/service-kit'
import type { Announcer } from './announcing.ts'
import { classifyFeedFault, type FeedFault } from './feed-fault.ts'
import type { OutboxEntry, RevocationOutbox } from './revocation-outbox.ts'
import type { RevocationPublisher } from './revocation-publisher.ts'

/** What the relay counts and shows. */
export interface RelayMetrics {
  /** Records the time from a revocation's commit to its confirmed publication. */
  observePublication(seconds: number): void
  /** Shows why revocations cannot be published right now; `undefined` when they can. */
  showFeedFault(fault: FeedFault | undefined): void
}

export interface RevocationRelayDeps {
  outbox: Pick<RevocationOutbox, 'listUnpublished' | 'markPublished' | 'readLive'>
  publisher: RevocationPublisher
  logger: Logger
  /** How often the transport is examined and the outbox drained, in milliseconds. */
  sweepIntervalMs: number
  metrics: RelayMetrics
  /** Gets committed entries before they are published. */
  onCommitted(entries: readonly OutboxEntry[]): void
}

/** Carries committed denylist entries from the outbox to the verifiers. */
export interface RevocationRelay extends Pick<Announcer, 'announce'> {
  /**
   * Publishes entries right after their commit. It never fails: what cannot be published now is in the outbox, verifiers
   * are informed of it, and the sweeper publishes it later.
   */
  announce(entries: readonly OutboxEntry[]): Promise<boolean>
  /** Whether the last sweep found everything in order, and nothing waits that could not be published. */
  isHealthy(): boolean
  close(): Promise<void>
}

/** A younger entry is still being published by the request that committed it. */
const sweepAgeMs = 2000
const reportIntervalMs = 500
/** What was published within this is marked together, when the verifiers have it: marking it at once would slow them down. */
const markPauseMs = 100
const batchSize = 1000
const markSize = 10_000

/**
 * Starts the relay. Its sweeper publishes what a crash left unpublished, and when the transport has lost its memory (flushed,
 * failed over, restarted empty) it writes all live entries again from Postgres. While committed entries cannot be published,
 * it reports that to the verifiers twice a second.
 */
export function startRevocationRelay(deps: RevocationRelayDeps): RevocationRelay {
  const { outbox, publisher, logger } = deps
  const marking = new Set<Promise<void>>()
  let toMark: bigint[] = []
  let markTimer: NodeJS.Timeout | undefined
  let isServed = true
  let hasBeenIntact = false
  /** Counts the publications that failed: one that fails during a sweep is not in it. */
  let failures = 0
  let isBacklogged = false
  let reporting = Promise.resolve()
  const closing = new AbortController()
  const sweeping = sweepUntilClosed()

  return {
    async announce(entries) {
      if (entries.length === 0) return true
      deps.onCommitted(entries)
      const committedAt = performance.now()
      try {
        await publisher.publish(entries)
        deps.metrics.observePublication((performance.now() - committedAt) / 1000)
      } catch (error) {
        beginBacklog()
        logger.warn({ entries: entries.length, cause: describeError(error) }, 'revocations not published yet')
        return false
      }
      toMark.push(...entries.map(({ id }) => id))
      if (closing.signal.aborted) mark()
      else markTimer ??= setTimeout(mark, markPauseMs)
      return true
    },
    isHealthy: () => isServed && !isBacklogged,
    async close() {
      closing.abort()
      await Promise.all([sweeping, reporting])
      mark()
      await Promise.all(marking)
    }
  }

  async function sweepUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      await sweep()
      await pause(deps.sweepIntervalMs, closing.signal)
    }
  }

  function beginBacklog(): void {
    failures++
    if (isBacklogged) return
    isBacklogged = true
    reporting = reportUntilPublished()
  }

  async function reportUntilPublished(): Promise<void> {
    while (isBacklogged && !closing.signal.aborted) {
      // If even the report fails, Redis is unavailable: verifiers notice that by themselves.
      await publisher.reportBacklog().catch(() => {})
      await pause(reportIntervalMs, closing.signal)
    }
  }

  /** In the background: an entry that stays unmarked is published once more, which does no harm. */
  function mark(): void {
    clearTimeout(markTimer)
    markTimer = undefined
    if (toMark.length === 0) return
    const ids = toMark
    toMark = []
    const task = outbox
      .markPublished(ids)
      .catch((error: unknown) => logger.warn({ cause: describeError(error) }, 'published revocations not marked'))
      .finally(() => marking.delete(task))
    marking.add(task)
  }

  async function sweep(): Promise<void> {
    const failuresBefore = failures
    try {
      if (!(await publisher.isIntact())) {
        await rebuild()
        if (hasBeenIntact) logger.warn('the revocation feed was lost, and was written again from the database')
        else logger.info('the revocation feed was written from the database')
      }
      hasBeenIntact = true
      await publishLeftovers()
      if (failures === failuresBefore) {
        isBacklogged = false
        await publisher.confirmPublished()
      }
      if (!isServed) logger.info('the revocation feed is served again')
      isServed = true
      deps.metrics.showFeedFault(undefined)
    } catch (error) {
      const fault = classifyFeedFault(error)
      if (isServed) logger.warn({ fault, cause: describeError(error) }, 'the revocation feed cannot be served')
      isServed = false
      deps.metrics.showFeedFault(fault)
      await beginBacklogIfAnythingWaits()
    }
  }

  /** What another replica or an earlier process has committed waits as well. */
  async function beginBacklogIfAnythingWaits(): Promise<void> {
    if (isBacklogged) return
    const waiting = await outbox.listUnpublished({ olderThanMs: sweepAgeMs, limit: 1 }).catch(() => [])
    if (waiting.length > 0) beginBacklog()
  }

  /** What it writes is published: it need not be found in the outbox and published again. */
  async function rebuild(): Promise<void> {
    const ids: bigint[] = []
    async function* read() {
      for await (const entries of outbox.readLive(batchSize)) {
        for (const { id } of entries) ids.push(id)
        yield entries
      }
    }
    await publisher.rebuild(read())
    for (let at = 0; at < ids.length; at += markSize) await outbox.markPublished(ids.slice(at, at + markSize))
  }

  async function publishLeftovers(): Promise<void> {
    for (;;) {
      // What failed is known to wait, however young it is.
      const olderThanMs = isBacklogged ? 0 : sweepAgeMs
      const entries = await outbox.listUnpublished({ olderThanMs, limit: batchSize })
      if (entries.length === 0) return
      await publisher.publish(entries)
      await outbox.markPublished(entries.map(({ id }) => id))
      logger.info({ entries: entries.length }, 'published revocations that were left over')
      if (entries.length < batchSize) return
    }
  }
}
