import type { RevocableIdentifiers, RevocationFeed } from '../revocation/feed.ts'
import type { RevocationOptions, StalePolicy } from '../revocation/revocations.ts'
import { createBacklog } from './backlog.ts'
import { followRevocations } from './follow-revocations.ts'
import { checkLinkOptions, createRedisLink, type RedisLinkOptions } from './link.ts'
import { requirePrimary } from './primary.ts'
import { isEpochOfRun, revocationKeys } from './revocation-keys.ts'

/** Which Redis, and what to do when it is unavailable. */
export type RedisRevocationsOptions = RedisLinkOptions & {
  /** Default `reject`. */
  readonly whenStale?: StalePolicy | undefined
  /** How old the view may be, in seconds, from 1 to 3600. Default 5. */
  readonly maxStalenessSeconds?: number | undefined
}

const directResponseMilliseconds = 500

/**
 * Gets revocations through Redis, for the `revocations` of `createAccessTokenVerifier`. It needs the primary,
 * since a replica is another server process. Not connected before the verifier is made.
 */
export function redisRevocations(options: RedisRevocationsOptions): RevocationOptions {
  const { whenStale, maxStalenessSeconds } = options
  return { feed: createRedisRevocationFeed(options), whenStale, maxStalenessSeconds }
}

/** The feed alone. A mistake in the options is a `TypeError`. */
export function createRedisRevocationFeed(options: RedisLinkOptions): RevocationFeed {
  checkLinkOptions(options)
  // Blocking reads hold a connection up, so questions of single requests go another way, made when the first one comes.
  const backlog = createBacklog()
  const followLink = createRedisLink(options, { channel: revocationKeys.unpublished, onMessage: backlog.report })
  const directLink = createRedisLink(options)
  const closing = new AbortController()
  let following: Promise<void> | undefined

  return {
    likelyMistake: 'is this the Redis that the issuer uses?',
    follow(sink, clock) {
      if (following) throw new TypeError('a revocation feed has one follower')
      following = followRevocations({ link: followLink, backlog, sink, clock, signal: closing.signal })
    },
    checkDirectly(identifiers) {
      return directLink.run(directResponseMilliseconds, async ({ client, runId }) => {
        // One command, so that no flush and rebuild can come between the entries and the epoch that stands for them.
        const proofs = [revocationKeys.epoch, revocationKeys.outboxDrained]
        const reading = client.mGet([...proofs, ...entryKeys(identifiers)])
        const [[epoch, outboxDrained, ...entries]] = await Promise.all([reading, requirePrimary(client)])
        if (entries.some((entry) => typeof entry === 'string')) return true
        if (!isEpochOfRun(epoch, runId)) throw new Error('the feed is not complete')
        // This is asked after an interruption: what was revoked during it may not have been published yet.
        if (typeof outboxDrained !== 'string') throw new Error('no issuer confirms that everything is published')
        if (backlog.isOpen(outboxDrained)) throw new Error('an issuer has revocations that it cannot publish')
        return false
      })
    },
    async close() {
      closing.abort()
      await Promise.all([followLink.close(), directLink.close()])
      await following
    }
  }
}

function entryKeys({ jti, sid, kid, actors = [] }: RevocableIdentifiers): string[] {
  const sids = sid === undefined ? actors : [sid, ...actors]
  return [
    revocationKeys.entry('jti', jti),
    revocationKeys.entry('kid', kid),
    ...sids.map((one) => revocationKeys.entry('sid', one))
  ]
}
