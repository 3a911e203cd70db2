import type { VerifierLogger } from '../logger.ts'
import type { IgnoredKey } from './json-web-key-set.ts'
import { KeySetRefusedError } from './json-web-key-set.ts'
import type { FetchOutcome } from './key-source.ts'
import { likelyMistakeOf } from './likely-mistakes.ts'
import type { VerificationKeysChange } from './verification-keys.ts'

/** What a new document changes. */
export interface TakenDocument {
  readonly change: VerificationKeysChange
  readonly ignored: readonly IgnoredKey[]
  /** How many keys there are now. */
  readonly count: number
}

/** Counts and logs what becomes of the fetches: a line on each change, and none while nothing changes. */
export interface FetchLog {
  /** @param taken `undefined` when the issuer said that nothing has changed. */
  succeeded(taken: TakenDocument | undefined): void
  failed(cause: unknown): void
  /** Gets how far the issuer's clock is ahead: tokens are only valid by clocks that agree. */
  compareClocks(serverAheadSeconds: number): void
  /** The denylist names a key. */
  revoked(kid: string, count: number): void
  /** Failed fetches since the last successful one. */
  readonly consecutiveFailures: number
  /** Keys of the document in use that are ignored. */
  readonly ignoredKeys: number
  /** All fetches, by what became of them. */
  fetches(): Record<FetchOutcome, number>
}

const maxClockDifferenceSeconds = 30

/** No fetch yet. */
export function noFetches(): Record<FetchOutcome, number> {
  return { changed: 0, unchanged: 0, failed: 0, refused: 0 }
}

export function createFetchLog(logger: VerifierLogger, jwksUri: string): FetchLog {
  const fetches = noFetches()
  let consecutiveFailures = 0
  let lastRefusal: string | undefined
  let isClockWrong = false
  let ignored: readonly IgnoredKey[] = []

  const noteIgnored = (now: readonly IgnoredKey[]) => {
    const known = new Set(ignored.map(nameOf))
    const added = now.filter((key) => !known.has(nameOf(key)))
    ignored = now
    // Once, and not again at each refresh while the document stays as it is.
    if (added.length > 0) logger.warn({ ignored: added }, 'keys of the issuer are ignored')
  }

  return {
    succeeded(taken) {
      const { added = [], removed = [] } = taken?.change ?? {}
      const isChanged = added.length > 0 || removed.length > 0
      fetches[isChanged ? 'changed' : 'unchanged']++
      if (consecutiveFailures > 0) logger.info({ failures: consecutiveFailures }, 'key set is fetched again')
      consecutiveFailures = 0
      lastRefusal = undefined
      if (isChanged) logger.info({ added, removed, count: taken?.count }, 'key set changed')
      if (taken) noteIgnored(taken.ignored)
    },
    failed(err) {
      const outcome = err instanceof KeySetRefusedError ? 'refused' : 'failed'
      fetches[outcome]++
      consecutiveFailures++
      const reason = `${jwksUri}: ${likelyMistakeOf(err)}`
      // The 1st, 2nd, 4th, 8th …: an outage of a day is a dozen lines. A new reason to refuse is logged at once.
      const isNews = outcome === 'refused' && reason !== lastRefusal
      if (outcome === 'refused') lastRefusal = reason
      if (!isNews && !isPowerOfTwo(consecutiveFailures)) return
      logger.warn({ outcome, reason, err, consecutiveFailures }, 'fetch of the key set failed')
    },
    compareClocks(serverAheadSeconds) {
      const isWrong = Math.abs(serverAheadSeconds) > maxClockDifferenceSeconds
      if (isWrong && !isClockWrong) {
        const seconds = Math.round(Math.abs(serverAheadSeconds))
        const reason = `this machine's clock is ${seconds} s ${serverAheadSeconds > 0 ? 'behind' : 'ahead of'} the issuer's`
        logger.warn({ reason }, 'the clocks do not agree')
      }
      isClockWrong = isWrong
    },
    revoked(kid, count) {
      logger.info({ added: [], removed: [kid], count, reason: 'the denylist names the key' }, 'key set changed')
    },
    get consecutiveFailures() {
      return consecutiveFailures
    },
    get ignoredKeys() {
      return ignored.length
    },
    fetches: () => ({ ...fetches })
  }
}

function nameOf({ kid, reason }: IgnoredKey): string {
  return JSON.stringify([kid, reason])
}

function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count))
}
