import type { Clock } from '../clock.ts'
import { pause } from '../deferred.ts'
import { likelyMistakeOf } from '../keys/likely-mistakes.ts'
import type { RevocationSink } from '../revocation/feed.ts'
import { followStream, StreamRefusedError } from './follow-stream.ts'
import type { IssuerConnection } from './issuer-connection.ts'

export interface FollowerParts {
  readonly connection: IssuerConnection
  readonly sink: RevocationSink
  readonly clock: Clock
  readonly signal: AbortSignal
}

const minRetryMilliseconds = 100
const maxRetryMilliseconds = 2000
/** A stream that lasted longer worked: the next one is opened at once. */
const settledMilliseconds = 5000

/** Follows one stream after the other until the signal is aborted. Never rejects. */
export async function followIssuer(parts: FollowerParts): Promise<void> {
  const { connection, sink, clock, signal } = parts
  const followOnce = createFollower(parts)
  let failures = 0
  while (!signal.aborted) {
    const startedAt = clock.monotonic()
    try {
      await followOnce()
    } catch (error) {
      if (signal.aborted) return
      connection.forgetEndpoints()
      sink.setInterrupted(likelyMistakeOf(error))
    }
    failures = clock.monotonic() - startedAt > settledMilliseconds ? 0 : failures + 1
    const ceiling = Math.min(minRetryMilliseconds * 2 ** Math.min(failures, 8), maxRetryMilliseconds)
    await pause(ceiling * (failures === 0 ? Math.random() : 0.5 + 0.5 * Math.random()), signal)
  }
}

/** Each call follows one stream, from where the one before has ended. */
function createFollower({ connection, sink, clock, signal }: FollowerParts): () => Promise<void> {
  let lastId: string | undefined
  let currentAt = Number.NEGATIVE_INFINITY
  const onCurrent = (asOf: number, id: string | undefined) => {
    lastId = id ?? lastId
    // What an earlier stream has proved still holds.
    currentAt = Math.max(currentAt, asOf)
    sink.setCurrent(currentAt)
  }
  return async () => {
    const address = await connection.streamAddress()
    try {
      await followStream({ ...address, fetch: connection.fetch, lastId, sink, clock, signal, onCurrent })
    } catch (error) {
      if (error instanceof StreamRefusedError && error.status === 401) connection.invalidate(address.token)
      throw error
    }
  }
}
