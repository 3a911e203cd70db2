import type { RevocationEntry } from '@countersign/verifier'
import {
  decodeId,
  encodeEntries,
  encodeGreeting,
  entriesPerEvent,
  type ResumePoint,
  waitingComment
} from './feed-events.ts'
import type { FeedReader } from './feed-reader.ts'

/** The response of a request, as much of it as a stream uses. */
export interface StreamResponse {
  write(bytes: Buffer): boolean
  end(): void
  destroy(): void
  once(event: 'drain' | 'close', listener: () => void): unknown
}

/** Whose it is, what it can be revoked by, and when it expires, in seconds since 1970-01-01 UTC. */
export interface OpeningToken {
  readonly client_id?: string | undefined
  readonly exp: number
  readonly jti: string
  readonly sid?: string | undefined
  readonly kid?: string | undefined
}

/** A request for a stream, checked. */
export interface StreamRequest {
  readonly nonce: string
  readonly lastEventId: string | undefined
  /** The token that opened it; the stream ends with it. */
  readonly token: OpeningToken | undefined
}

export interface FeedStreamsDeps {
  /** Makes the reader, given what it calls. */
  createReader(calls: { onAdvance(): void; onRestart(): void }): FeedReader
  readonly maxStreams: number
  /** This process' monotonic clock, in milliseconds. */
  monotonic(): number
  /** Milliseconds since 1970-01-01 UTC. */
  now(): number
  /** Between 0 and 1. */
  random(): number
}

/** The open streams of the feed. */
export interface FeedStreams {
  readonly count: number
  /** Whether one more stream may open. A client that already holds half of them may not open another. */
  hasRoom(clientId?: string): boolean
  open(request: StreamRequest, response: StreamResponse): void
  /** Sends entries that this replica has just committed, before they are read. The reader sends them again, and alone sends what is skipped here. */
  sendCommitted(entries: readonly RevocationEntry[]): void
  /** Ends the streams of a token that is revoked, by its `jti`, `sid` or `kid`, and looks for what else was committed. */
  onRevoked(value: string): void
  /** Ends all streams, and accepts no new one. */
  close(): void
}

interface Stream {
  readonly response: StreamResponse
  readonly token: StreamRequest['token']
  readonly resume: ResumePoint | undefined
  readonly endsAt: number
  /** Where it stands in the log. */
  sent: number
  /** What it has already: entries of earlier transactions. `undefined` while the incarnation is not known. */
  since: bigint | undefined
  confirmation: Buffer | undefined
  writtenAt: number
  blockedAt: number | undefined
}

/** The clocks of two machines drift apart: a client that comes back measures from a new reading. */
const lifetimeMs = 10 * 60_000
/** A client that does not read for so long is let go, and resumes later. */
const blockedMs = 10_000
const keepAliveMs = 1000
/** The reader alone sends what follows sooner, … */
const committedEveryMs = 5
/** … and everything when there are more streams: a commit must not wait for so many writes. */
const committedMaxStreams = 100
/** The log is kept for those who come back. */
const idleMs = 60_000

/** Makes the streams; the reader runs while there are some. */
export function createFeedStreams(deps: FeedStreamsDeps): FeedStreams {
  const { monotonic, now, random, maxStreams } = deps
  const streams = new Set<Stream>()
  const reader = deps.createReader({
    onAdvance: () => streams.forEach(advance),
    onRestart() {
      for (const stream of streams) Object.assign(stream, { sent: 0, since: undefined })
    }
  })
  let sweeping: NodeJS.Timeout | undefined
  let usedAt = 0
  /** When entries were sent without the reader last. */
  let committedAt = Number.NEGATIVE_INFINITY
  let isClosed = false

  /** Sends what the stream has not sent yet, as long as the client reads. */
  function advance(stream: Stream): void {
    if (stream.blockedAt !== undefined || !knowsBeginning(stream)) return
    for (;;) {
      const item = reader.log.next(stream.sent, stream.since ?? 0n)
      if (item === undefined) break
      stream.sent = item.end
      if (!write(stream, item.bytes)) return
    }
    const { confirmation } = reader
    if (confirmation === undefined || stream.confirmation === confirmation) return
    stream.confirmation = confirmation
    write(stream, confirmation)
  }

  function knowsBeginning(stream: Stream): boolean {
    if (stream.since !== undefined) return true
    const { resume } = stream
    if (resume && reader.incarnation === undefined) return false
    stream.since = resume && resume.incarnation === reader.incarnation ? resume.transactionId : 0n
    return true
  }

  /** @returns whether more may be written now */
  function write(stream: Stream, bytes: Buffer): boolean {
    stream.writtenAt = monotonic()
    if (stream.response.write(bytes)) return true
    stream.blockedAt = stream.writtenAt
    stream.response.once('drain', () => {
      stream.blockedAt = undefined
      advance(stream)
    })
    return false
  }

  function countOf(clientId: string | undefined): number {
    let count = 0
    if (clientId !== undefined) for (const { token } of streams) if (token?.client_id === clientId) count++
    return count
  }

  /** Out of the set before the response says so: nothing is written after its end. */
  function end(stream: Stream): void {
    streams.delete(stream)
    if (stream.blockedAt === undefined) stream.response.end()
    else stream.response.destroy()
  }

  function sweep(): void {
    const at = monotonic()
    for (const stream of streams) {
      if (stream.blockedAt !== undefined) {
        if (at - stream.blockedAt > blockedMs) end(stream)
      } else if (at >= stream.endsAt) end(stream)
      else if (at - stream.writtenAt > 1.5 * keepAliveMs) write(stream, waitingComment)
    }
    if (streams.size > 0) usedAt = at
    else if (at - usedAt > idleMs) stop()
  }

  function start(): void {
    usedAt = monotonic()
    reader.start()
    if (sweeping) return
    sweeping = setInterval(sweep, keepAliveMs)
    sweeping.unref()
  }

  function stop(): void {
    clearInterval(sweeping)
    sweeping = undefined
    reader.stop()
  }

  return {
    get count() {
      return streams.size
    },
    hasRoom: (clientId) => !isClosed && streams.size < maxStreams && countOf(clientId) < maxStreams / 2,
    open({ nonce, lastEventId, token }, response) {
      const reading = monotonic()
      // Spread, so that those who came back together after a restart do not do so for ever.
      const lasts = Math.min(
        lifetimeMs * (0.8 + 0.2 * random()),
        token ? token.exp * 1000 - now() : Number.POSITIVE_INFINITY
      )
      const stream: Stream = {
        response,
        token,
        resume: decodeId(lastEventId),
        endsAt: reading + lasts,
        sent: 0,
        since: undefined,
        confirmation: undefined,
        writtenAt: reading,
        blockedAt: undefined
      }
      streams.add(stream)
      response.once('close', () => streams.delete(stream))
      start()
      if (write(stream, encodeGreeting({ nonce, reading }))) advance(stream)
    },
    sendCommitted(entries) {
      const reading = monotonic()
      if (streams.size === 0 || streams.size > committedMaxStreams || entries.length > entriesPerEvent) return
      if (reading - committedAt < committedEveryMs) return
      const bytes = encodeEntries(
        entries.map((entry) => ({ ...entry, ageSeconds: 0 })),
        reading
      )
      for (const stream of streams) if (stream.blockedAt === undefined) write(stream, bytes)
      committedAt = monotonic()
    },
    onRevoked(value) {
      reader.kick()
      for (const stream of streams) {
        if (stream.token && isRevokedBy(stream.token, value)) end(stream)
      }
    },
    close() {
      isClosed = true
      streams.forEach(end)
      stop()
    }
  }
}

function isRevokedBy({ jti, sid, kid }: OpeningToken, value: string): boolean {
  return jti === value || sid === value || kid === value
}
