import { setTimeout as delay } from 'node:timers/promises'
import type { Announcing, EndedAll } from '../revocation/announcing.ts'
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

/** Groups of sessions that have ended, while their rows are revoked in batches. No session of them is live from the commit on. */
export interface GroupEndings {
  /** Those that have batches left, at most 20 of them. */
  left(): Promise<bigint[]>
  /** Ends at most `limit` sessions of a group in one short transaction. */
  endBatch(limit: number, endingId: bigint): Promise<EndedBatch>
}

/** How many sessions end in one transaction. */
export const sessionBatchSize = 500
const heldPauseMs = 20

/**
 * Ends all that have to end.
 * @param options.onProgress gets how many have ended by now, after each batch
 * @returns how many ended, whether the transport of revocations has confirmed them all, and whether these were all
 */
export async function endAllSessions(
  endings: Announcing<SessionEndings>,
  { onProgress, signal }: { onProgress?: (ended: number) => void; signal?: AbortSignal } = {}
): Promise<EndedAll> {
  let ended = 0
  let published = true
  for (;;) {
    const batch = await endings.endBatch(sessionBatchSize)
    ended += batch.ended
    published &&= batch.published
    if (batch.ended > 0) onProgress?.(ended)
    if (!batch.hasMore || signal?.aborted) return { ended, published, isComplete: !batch.hasMore }
    // What is left is held by others, for a moment.
    if (batch.ended === 0) await delay(heldPauseMs)
  }
}

/** How long a request waits for sessions to end, in milliseconds; the rest ends in the background. Pages wait for 10 seconds. */
export const requestWaitMs = 8000

/** For a request that takes scopes away: ends what is to end now. */
export async function endSessionsNow(
  endings: Announcing<SessionEndings>,
  isWanted: boolean
): Promise<Pick<EndedAll, 'ended' | 'isComplete'>> {
  if (!isWanted) return { ended: 0, isComplete: true }
  return endAllSessions(endings, { signal: AbortSignal.timeout(requestWaitMs) })
}
