import { checkMethods } from '../option-checks.ts'
import type { RevocationFeed } from '../revocation/feed.ts'
import type { RevocationOptions, StalePolicy } from '../revocation/revocations.ts'
import type { InProcessRevocationLog } from './revocation-log.ts'

/** What a verifier does while its view is stale. */
export interface InProcessRevocationsOptions {
  /** Default `reject`. */
  readonly whenStale?: StalePolicy | undefined
  /** How old the view may be, in seconds, from 1 to 3600. Default 5. */
  readonly maxStalenessSeconds?: number | undefined
}

/** Reads revocations from a log in this process: the `revocations` of `createAccessTokenVerifier`. */
export function inProcessRevocations(
  log: InProcessRevocationLog,
  options: InProcessRevocationsOptions = {}
): RevocationOptions {
  return { feed: createInProcessRevocationFeed(log), ...options }
}

/** The feed alone. */
export function createInProcessRevocationFeed(log: InProcessRevocationLog): RevocationFeed {
  checkMethods('log', log, ['append', 'follow', 'has', 'liveEntries'])
  let stop: (() => void) | undefined

  return {
    follow(sink) {
      if (stop) throw new TypeError('a revocation feed has one follower')
      // Nothing can be under way inside one process: a follower of a complete log is current until the log says otherwise.
      const readAll = () => {
        sink.add(log.liveEntries())
        if (log.isComplete) sink.setCurrent(Number.POSITIVE_INFINITY)
        else sink.setInterrupted('the log is not complete')
      }
      stop = log.follow({
        // What fills a log that is not complete yet is its past.
        onAppend: (entries) =>
          sink.add(log.isComplete ? entries.map((entry) => ({ ...entry, ageSeconds: 0 })) : entries),
        onComplete: readAll,
        onFlush: () => sink.setInterrupted('the log was flushed')
      })
      readAll()
    },
    async checkDirectly({ jti, sid, kid, actors = [] }) {
      const sids = sid === undefined ? actors : [sid, ...actors]
      if (log.has('jti', jti) || log.has('kid', kid) || sids.some((one) => log.has('sid', one))) return true
      if (!log.isComplete) throw new Error('the log is not complete')
      return false
    },
    async close() {
      stop?.()
    }
  }
}
