import { setTimeout as delay } from 'node:timers/promises'
import type { Announcing } from '../revocation/announcing.ts'
import type { OutboxEntry } from '../revocation/revocation-outbox.ts'

/** One batch of sessions that ended. */
export interface EndedBatch {
  readonly ended: number
  /** Whether there may be more. */
  readonly hasMore: boolean
  /** The committed denylist entries. */
  readonly entries: readonly OutboxEntry[]
}

/** Sessions that have to end since a role lost a scope. They are kept with the change, and ended a batch at a time. */
export interface SessionEndings {
  /** Ends at most `limit` sessions in one short transaction; a batch that fails is to be tried again. */
  endBatch(limit: number): Promise<EndedBatch>
}

const batchSize = 200
const heldPauseMs = 20

/**
 * Ends all that have to end.
 * @param options.onProgress gets how many have ended by now, after each batch
 * @returns how many ended, and whether the transport of revocations has confirmed them all
 */
export async function endAllSessions(
  endings: Announcing<SessionEndings>,
  { onProgress, signal }: { onProgress?: (ended: number) => void; signal?: AbortSignal } = {}
): Promise<{ ended: number; published: boolean }> {
  let ended = 0
  let published = true
  for (;;) {
    const batch = await endings.endBatch(batchSize)
    ended += batch.ended
    published &&= batch.published
    if (batch.ended > 0) onProgress?.(ended)
    if (!batch.hasMore || signal?.aborted) return { ended, published }
    // What is left is held by others, for a moment.
    if (batch.ended === 0) await delay(heldPauseMs)
  }
}

/** How long a request waits for sessions to end, in milliseconds; housekeeping ends the rest. */
const requestWaitMs = 3000

/** For a request that takes scopes away: ends what is to end now. @returns how many sessions ended */
export async function endSessionsNow(endings: Announcing<SessionEndings>, isWanted: boolean): Promise<number> {
  if (!isWanted) return 0
  const { ended } = await endAllSessions(endings, { signal: AbortSignal.timeout(requestWaitMs) })
  return ended
}
