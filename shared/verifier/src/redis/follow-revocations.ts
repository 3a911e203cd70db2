import { ErrorReply } from 'redis'
import type { RevocationKind } from '../access-token-profile.ts'
import type { Clock } from '../clock.ts'
import { pause } from '../deferred.ts'
import type { ArrivingEntry, RevocationSink } from '../revocation/feed.ts'
import type { Backlog } from './backlog.ts'
import type { RedisClient, RedisLink, RedisSession } from './link.ts'
import { requirePrimary } from './primary.ts'
import { isEpochOfRun, revocationKeys } from './revocation-keys.ts'

const pageSize = 1000
/** How long Redis may take to reply, beyond what it was asked to block. */
const responseMilliseconds = 500
/** How long a read blocks; and while the feed is not complete, when its completion is waited for. */
const blockMilliseconds = { intact: 250, lost: 100 }
const maxRetryMilliseconds = 500
/** After a longer interruption an issuer has to confirm that nothing revoked meanwhile is still to be published. */
const briefInterruptionMilliseconds = 2000
/** Three reports of a backlog would have come by then: a subscription this old that is silent proves that there is none. */
const settleMilliseconds = 1500
/** How long an issuer's confirmation lives: the age of one that does not tell it. */
const confirmationMilliseconds = 3000

export interface FollowerParts {
  /** Each of its connections is subscribed to the reports that `backlog` gets. */
  readonly link: RedisLink
  readonly backlog: Backlog
  readonly sink: RevocationSink
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Follows the feed in Redis until the signal is aborted. Never rejects: each fault interrupts the sink, and is followed
 * by another attempt.
 */
export async function followRevocations({ signal, ...parts }: FollowerParts): Promise<void> {
  const { sink } = parts
  const read = createReader(parts)
  let faults = 0
  while (!signal.aborted) {
    try {
      await read()
      faults = 0
    } catch (error) {
      if (signal.aborted) return
      sink.setInterrupted(error instanceof Error ? error.message : 'unknown')
      const ceiling = Math.min(50 * 2 ** Math.min(faults++, 8), maxRetryMilliseconds)
      await pause(ceiling * (0.5 + 0.5 * Math.random()), signal)
    }
  }
}

/** Each call reads one page, and checks how complete the view is then. */
function createReader({ link, backlog, sink, clock }: Omit<FollowerParts, 'signal'>): () => Promise<void> {
  let epoch: string | undefined
  let brokenEpoch: string | undefined
  let lastId = '0-0'
  let isCaughtUp = false
  let hasStarted = false
  /** Whether this epoch has been read up to its end once: only what comes later arrives live. */
  let isLive = false
  let currentAt = Number.NEGATIVE_INFINITY
  /** When nothing was found missing for the last time, although the subscription may have been too young to prove it. */
  let soundAt = Number.NEGATIVE_INFINITY

  /** A new epoch has to be read from its beginning. What is known from the old one stays known. */
  const begin = (newEpoch: string | undefined) => {
    epoch = newEpoch
    lastId = '0-0'
    isCaughtUp = false
    isLive = false
    hasStarted = true
  }

  return async () => {
    if (!hasStarted) begin((await readState(link)).epoch)
    const block = epoch === undefined ? blockMilliseconds.lost : blockMilliseconds.intact
    // The time of the command, not of the reply: what is published in between may be missing from it.
    const askedAt = clock.monotonic()
    const page = await readPage(link, { after: lastId, block: isCaughtUp ? block : undefined, isLive })
    sink.add(page.entries)
    lastId = page.lastId ?? lastId
    isCaughtUp = page.size < pageSize
    if (!isCaughtUp) return

    // Checked after each page, so that a page out of a flushed or replaced stream never passes for the whole.
    const state = await readState(link)
    // A stream that went back is another one under an old name: only a new epoch can make up for what it has lost.
    if (state.epoch === epoch && isBefore(state.lastGeneratedId, lastId)) brokenEpoch = epoch
    if (state.epoch === undefined || state.epoch === brokenEpoch) {
      epoch = undefined
      isLive = false
      sink.setInterrupted('the feed in Redis is not complete')
    } else if (state.epoch !== epoch) begin(state.epoch)
    else {
      isLive = true
      checkBacklog(state, askedAt)
    }
  }

  /** The feed is whole. What is left to know is whether an issuer has committed something that is not in it. */
  function checkBacklog({ confirmation, session }: FeedState, askedAt: number): void {
    if (backlog.isOpenAfter(confirmation)) {
      sink.setInterrupted('an issuer has revocations that it cannot publish')
      return
    }
    const isSubscribed = session.subscribedAt !== undefined
    if (confirmation === undefined && askedAt - soundAt > briefInterruptionMilliseconds) {
      const right = isSubscribed ? '' : `; this Redis user may not subscribe to ${revocationKeys.unpublished}`
      sink.setInterrupted(`no issuer confirms that everything is published${right}`)
      return
    }
    if (isSubscribed || confirmation !== undefined) soundAt = askedAt
    const isSettled = isSubscribed && performance.now() - Number(session.subscribedAt) >= settleMilliseconds
    const provenAt = isSettled ? askedAt : askedAt - ageOfConfirmation(confirmation, session)
    currentAt = Math.max(currentAt, provenAt)
    sink.setCurrent(currentAt)
  }
}

interface FeedState {
  /** `undefined` unless it stands for a complete feed in the server process that replied. */
  readonly epoch: string | undefined
  /** There for some seconds after an issuer has published all of its outbox. */
  readonly confirmation: string | undefined
  readonly lastGeneratedId: string
  readonly session: RedisSession
}

function readState(link: RedisLink): Promise<FeedState> {
  return link.run(responseMilliseconds, async (session) => {
    const { client, runId } = session
    const [[epoch, outboxDrained], lastGeneratedId] = await Promise.all([
      client.mGet([revocationKeys.epoch, revocationKeys.outboxDrained]),
      readLastGeneratedId(client),
      requirePrimary(client)
    ])
    return {
      epoch: isEpochOfRun(epoch, runId) && lastGeneratedId !== undefined ? epoch : undefined,
      confirmation: typeof outboxDrained === 'string' ? outboxDrained : undefined,
      lastGeneratedId: lastGeneratedId ?? '0-0',
      session
    }
  })
}

/** In milliseconds; endless without one. */
function ageOfConfirmation(confirmation: string | undefined, { serverNow }: RedisSession): number {
  if (confirmation === undefined) return Number.POSITIVE_INFINITY
  const age = (serverNow() ?? Number.NaN) - Number(confirmation)
  return age <= confirmationMilliseconds ? Math.max(0, age) : confirmationMilliseconds
}

async function readLastGeneratedId(client: RedisClient): Promise<string | undefined> {
  try {
    return (await client.xInfoStream(revocationKeys.stream))['last-generated-id']
  } catch (error) {
    if (error instanceof ErrorReply && /no such key/i.test(error.message)) return undefined
    throw error
  }
}

interface Page {
  readonly entries: readonly ArrivingEntry[]
  readonly size: number
  readonly lastId: string | undefined
}

interface StreamMessage {
  readonly id: string
  readonly message: { readonly kind?: string; readonly value?: string; readonly exp?: string }
}

interface PageOptions {
  readonly after: string
  readonly block: number | undefined
  readonly isLive: boolean
}

async function readPage(link: RedisLink, { after, block, isLive }: PageOptions): Promise<Page> {
  return link.run(responseMilliseconds + (block ?? 0), async ({ client, serverNow }) => {
    const reply = await client.xRead(
      { key: revocationKeys.stream, id: after },
      { COUNT: pageSize, ...(block !== undefined && { BLOCK: block }) }
    )
    const messages: readonly StreamMessage[] = reply?.[0]?.messages ?? []
    return {
      entries: messages.map(({ id, message }) => ({
        // Unknown kinds and values that make no sense are skipped by the view.
        kind: message.kind as RevocationKind,
        value: message.value ?? '',
        expiresAt: Number(message.exp),
        ageSeconds: isLive ? ageOf(id, serverNow()) : undefined
      })),
      size: messages.length,
      lastId: messages.at(-1)?.id
    }
  })
}

/** A stream id begins with the moment of publication, by the server's clock. */
function ageOf(id: string, serverNow: number | undefined): number | undefined {
  return serverNow === undefined ? undefined : Math.max(0, serverNow - Number(id.split('-')[0])) / 1000
}

/** Stream ids are `<milliseconds>-<sequence>`, each up to 64 bits. */
function isBefore(one: string, other: string): boolean {
  const [oneTime = 0n, oneSequence = 0n] = one.split('-').map(BigInt)
  const [otherTime = 0n, otherSequence = 0n] = other.split('-').map(BigInt)
  return oneTime < otherTime || (oneTime === otherTime && oneSequence < otherSequence)
}
