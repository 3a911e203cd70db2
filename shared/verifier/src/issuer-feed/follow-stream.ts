import type { Clock } from '../clock.ts'
import type { Fetch } from '../fetch.ts'
import type { ArrivingEntry, RevocationSink } from '../revocation/feed.ts'
import { runBounded } from './bounded-work.ts'
import { createEventStreamParser } from './event-stream.ts'
import { type AgedEntry, readFeedMessage } from './feed-messages.ts'

/** An issuer sends something each second: after such a silence the connection is given up. */
const silenceMilliseconds = 2500
const watchMilliseconds = 250
/** What arrives so late was held back on the way, or by a request that took long; a new stream may do better. */
const maxLagMilliseconds = 2500
/** How far the two clocks may drift apart before a new stream compares them again. */
const maxLeadMilliseconds = 250

export interface StreamParts {
  readonly feedUri: string
  readonly token: string | undefined
  readonly lastId: string | undefined
  readonly fetch: Fetch
  readonly sink: Pick<RevocationSink, 'add' | 'setInterrupted'>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Everything that was committed before `asOf` has arrived; `id` names this place in the feed. */
  onCurrent(asOf: number, id: string | undefined): void
}

/** The issuer has refused the request. */
export class StreamRefusedError extends Error {
  override readonly name = 'StreamRefusedError'
  readonly status: number

  constructor(status: number, hint: string) {
    super(`status ${status}${hint}`)
    this.status = status
  }
}

/**
 * Follows one stream to its end.
 *
 * @throws when it does not end in good order, is not the response to this very request, or falls silent
 */
export function followStream(parts: StreamParts): Promise<void> {
  return runBounded({ signal: parts.signal }, async (abort) => {
    const reader = createStreamReader(parts)
    const watch = setInterval(() => reader.watch(abort), watchMilliseconds)
    watch.unref()
    abort.signal.addEventListener('abort', () => clearInterval(watch), { once: true })
    const response = await request(parts, reader.nonce, abort.signal)
    for await (const bytes of response.body ?? []) {
      // What still arrives after the end was decided must not change the view.
      abort.signal.throwIfAborted()
      reader.take(bytes)
    }
    if (!reader.hasConfirmed()) throw new Error('the stream ended before it was complete')
  })
}

async function request(parts: StreamParts, nonce: string, signal: AbortSignal): Promise<Response> {
  const { feedUri, token, lastId, fetch } = parts
  const url = new URL(feedUri)
  url.searchParams.set('nonce', nonce)
  const headers: Record<string, string> = {
    Accept: 'text/event-stream',
    'Accept-Encoding': 'identity',
    'Cache-Control': 'no-store'
  }
  if (token !== undefined) headers.Authorization = `Bearer ${token}`
  if (lastId !== undefined) headers['Last-Event-ID'] = lastId
  const response = await fetch(url.href, { headers, signal, redirect: 'manual' })
  if (response.status !== 200) throw new StreamRefusedError(response.status, hintOf(response.status, token))
  const type = response.headers.get('content-type') ?? ''
  if (!/^text\/event-stream\s*(?:;|$)/i.test(type)) throw new Error('the response is no event stream')
  return response
}

function hintOf(status: number, token: string | undefined): string {
  if (status === 401 && token === undefined) return ': the issuer asks for a token; pass one as token'
  if (status === 401) return ': the issuer does not accept the token'
  if (status === 403) return ': the token needs the scope revocations:read'
  if (status === 404) return ': there is no revocation feed at this URL'
  return ''
}

/** Reads what arrives on one stream, and turns readings of the issuer's clock into moments of this one. */
function createStreamReader({ sink, clock, onCurrent }: StreamParts) {
  const nonce = crypto.randomUUID()
  const startedAt = clock.monotonic()
  let heardAt = startedAt
  let confirmedAt: number | undefined
  let firstReading: number | undefined
  let isSilent = false
  const parse = createEventStreamParser(({ name, data, lastId }) => {
    const message = readFeedMessage(name, data)
    if (message === undefined) return
    if (message.type === 'hello') {
      // A stream that was recorded, or that a cache has kept, belongs to another request.
      if (firstReading !== undefined || message.nonce !== nonce) throw new Error('the stream is of another request')
      firstReading = message.reading
      return
    }
    if (firstReading === undefined) throw new Error('the stream does not begin with its greeting')
    // This request was sent before the issuer read its clock: what is derived from that is never too late.
    const moment = startedAt + (message.reading - firstReading)
    if (message.type === 'revoked') sink.add(message.entries.map((entry) => arriving(entry, moment)))
    else confirm(moment, lastId)
  })

  function confirm(asOf: number, id: string | undefined): void {
    const now = clock.monotonic()
    if (asOf - now > maxLeadMilliseconds) throw new Error("this machine's clock and the issuer's drift apart")
    if (now - asOf > maxLagMilliseconds) {
      throw new Error(`the stream is ${Math.round(now - asOf)} ms behind; does a proxy hold it back?`)
    }
    confirmedAt = now
    onCurrent(Math.min(asOf, now), id)
  }

  /** What arrives before the first confirmation is the past. */
  function arriving({ ageSeconds, ...entry }: AgedEntry, readAt: number): ArrivingEntry {
    if (confirmedAt === undefined || ageSeconds === undefined) return entry
    return { ...entry, ageSeconds: ageSeconds + Math.max(0, clock.monotonic() - readAt) / 1000 }
  }

  return {
    nonce,
    hasConfirmed: () => confirmedAt !== undefined,
    take(bytes: Uint8Array) {
      heardAt = clock.monotonic()
      isSilent = false
      parse(bytes)
    },
    watch(abort: AbortController) {
      const now = clock.monotonic()
      if (now - (confirmedAt ?? startedAt) > silenceMilliseconds) {
        sink.setInterrupted(
          confirmedAt === undefined
            ? 'the issuer has not confirmed yet that the feed is complete'
            : 'the issuer does not confirm that the feed is complete'
        )
      }
      if (now - heardAt <= silenceMilliseconds) return
      // Twice: a process that stood still itself may have bytes waiting that it has not read.
      if (isSilent) abort.abort(new Error(`nothing arrived for ${silenceMilliseconds} ms; does a proxy hold it back?`))
      isSilent = true
    }
  }
}
