import { setTimeout } from 'node:timers/promises'
import { describeError, type Logger } from '@countersign/service-kit'
import type { IssuerMetrics } from '../metrics.ts'
import type { OutboxEntry, RevocationOutbox } from './revocation-outbox.ts'
import type { RevocationPublisher } from './revocation-publisher.ts'

export interface RevocationRelayDeps {
  outbox: Pick<RevocationOutbox, 'listUnpublished' | 'markPublished' | 'readLive'>
  publisher: RevocationPublisher
  logger: Logger
  /** How often the carrier is examined and the outbox swept, in milliseconds. */
  sweepIntervalMs: number
  metrics: Pick<IssuerMetrics, 'observePublication'>
}

/** Carries committed denylist entries from the outbox to the verifiers. */
export interface RevocationRelay {
  /**
   * Publishes entries right after their commit. It never fails: what cannot be published now is in the outbox, and the
   * sweeper publishes it later.
   */
  announce(entries: readonly OutboxEntry[]): Promise<void>
  close(): Promise<void>
}

/** An entry this young is still being published by whoever committed it. */
const sweepAgeMs = 2000
const batchSize = 1000
const markSize = 10_000

/**
 * Starts the relay. Its sweeper publishes what a crash left unpublished, and when the carrier has lost its memory (flushed,
 * failed over, restarted empty) it writes all live entries anew from Postgres.
 */
export function startRevocationRelay(deps: RevocationRelayDeps): RevocationRelay {
  const { outbox, publisher, logger } = deps
  const marking = new Set<Promise<void>>()
  let isCarrierReachable = true
  let hasBeenIntact = false
  const closing = new AbortController()
  const sweeping = sweepUntilClosed()

  return {
    async announce(entries) {
      if (entries.length === 0) return
      const committedAt = performance.now()
      try {
        await publisher.publish(entries)
        deps.metrics.observePublication((performance.now() - committedAt) / 1000)
      } catch (error) {
        logger.warn({ entries: entries.length, cause: describeError(error) }, 'revocations not published yet')
        return
      }
      mark(entries.map(({ id }) => id))
    },
    async close() {
      closing.abort()
      await sweeping
      await Promise.all(marking)
    }
  }

  async function sweepUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      await sweep()
      await setTimeout(deps.sweepIntervalMs, undefined, { signal: closing.signal, ref: false }).catch(() => {})
    }
  }

  /** In the background: an entry that stays unmarked is published once more, which harms nobody. */
  function mark(ids: readonly bigint[]): void {
    const task = outbox
      .markPublished(ids)
      .catch((error: unknown) => logger.warn({ cause: describeError(error) }, 'published revocations not marked'))
      .finally(() => marking.delete(task))
    marking.add(task)
  }

  async function sweep(): Promise<void> {
    try {
      if (!(await publisher.isIntact())) {
        await rebuild()
        if (hasBeenIntact) logger.warn('the revocation feed was lost, and was written anew from the database')
        else logger.info('the revocation feed was written from the database')
      }
      hasBeenIntact = true
      await publishLeftovers()
      await publisher.vouch()
      if (!isCarrierReachable) logger.info('the revocation feed is reachable again')
      isCarrierReachable = true
    } catch (error) {
      if (isCarrierReachable) logger.warn({ cause: describeError(error) }, 'the revocation feed cannot be served')
      isCarrierReachable = false
    }
  }

  /** What it writes is published: nobody has to find it in the outbox and publish it again. */
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
      const entries = await outbox.listUnpublished({ olderThanMs: sweepAgeMs, limit: batchSize })
      if (entries.length === 0) return
      await publisher.publish(entries)
      await outbox.markPublished(entries.map(({ id }) => id))
      logger.info({ entries: entries.length }, 'published revocations that were left over')
      if (entries.length < batchSize) return
    }
  }
}
