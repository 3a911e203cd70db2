import { OAuthError } from '@countersign/oauth'
import { describeError, type Logger } from '@countersign/service-kit'

export interface PendingSignOuts {
  /**
   * Takes over a failed sign-out, if it can still succeed: repeats it until it does, or for ten minutes; by then the tokens
   * have long been unused. One that the issuer rejects is dropped, since the issuer no longer knows the session.
   */
  add(signOut: () => Promise<void>, failure: unknown): void
  /** Waits for running attempts, whose time the issuer's client limits; the others are dropped. */
  close(): Promise<void>
}

export interface PendingSignOutsDeps {
  logger: Logger
  /** How often it checks what is due, in milliseconds. */
  intervalMs: number
  clock: { now(): number }
}

interface PendingSignOut {
  readonly signOut: () => Promise<void>
  readonly givenUpAt: number
  failures: number
  dueAt: number
}

const capacity = 10_000
const patienceMs = 10 * 60_000
const firstDelayMs = 5_000
const longestDelayMs = 60_000
/** So that they do not all reach an issuer that has just come back, and hanging ones do not delay the others. */
const attemptsAtOnce = 8

/** Sessions that ended here while the issuer was unavailable: each is ended there later, on its own. */
export function startPendingSignOuts({ logger, intervalMs, clock }: PendingSignOutsDeps): PendingSignOuts {
  const waiting = new Set<PendingSignOut>()
  const underWay = new Set<Promise<void>>()
  let isClosed = false
  const timer = setInterval(startDue, intervalMs)
  timer.unref()
  return {
    add(signOut, failure) {
      if (!canStillWork(failure)) return
      const [oldest] = waiting
      if (oldest && waiting.size >= capacity) giveUp(oldest, 'there are too many of them')
      waitOn({ signOut, givenUpAt: clock.now() + patienceMs, failures: 0, dueAt: 0 }, failure)
      logger.warn(fieldsOf(failure), 'a sign-out has not reached the issuer yet')
    },
    async close() {
      isClosed = true
      clearInterval(timer)
      await Promise.all(underWay)
    }
  }

  function startDue(): void {
    const now = clock.now()
    for (const entry of waiting) {
      if (now >= entry.givenUpAt) giveUp(entry, 'it has taken too long')
      else if (now >= entry.dueAt && underWay.size < attemptsAtOnce && !isClosed) start(entry)
    }
  }

  function start(entry: PendingSignOut): void {
    waiting.delete(entry)
    const attempted = attempt(entry).finally(() => {
      underWay.delete(attempted)
      startDue()
    })
    underWay.add(attempted)
  }

  async function attempt(entry: PendingSignOut): Promise<void> {
    try {
      await entry.signOut()
      logger.info('a delayed sign-out has reached the issuer')
    } catch (failure) {
      if (canStillWork(failure)) waitOn(entry, failure)
      else logger.info(fieldsOf(failure), 'the issuer rejected a sign-out: it is not tried again')
    }
  }

  /** Behind those that are already waiting, so that each has its turn. */
  function waitOn(entry: PendingSignOut, failure: unknown): void {
    const now = clock.now()
    const delayMs = Math.min(firstDelayMs * 2 ** entry.failures, longestDelayMs)
    entry.failures += 1
    entry.dueAt = now + Math.max(delayMs, retryAfterMs(failure, now))
    waiting.add(entry)
  }

  function giveUp(entry: PendingSignOut, reason: string): void {
    waiting.delete(entry)
    logger.warn({ reason }, 'a sign-out will not reach the issuer: the session ends there by its idle limit')
  }

  function fieldsOf(failure: unknown) {
    return { cause: describeError(failure), pending: waiting.size }
  }
}

/** "Cannot now" may succeed later; any other rejection is final. */
function canStillWork(failure: unknown): boolean {
  return !(failure instanceof OAuthError) || failure.status >= 500 || failure.status === 429 || failure.status === 408
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfterMs(failure: unknown, now: number): number {
  const value = failure instanceof OAuthError ? failure.headers['Retry-After'] : undefined
  if (value === undefined) return 0
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isNaN(ms) ? 0 : ms
}
