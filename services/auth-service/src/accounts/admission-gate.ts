import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { Logger } from '@countersign/service-kit'
import pLimit from 'p-limit'

export interface AdmissionGateOptions {
  /** How many tasks run at once. */
  concurrency: number
  /** How many more may wait. */
  queueLimit: number
  /** Hears of everyone who is turned away. */
  onTurnedAway?(): void
}

/** Lets a few expensive tasks run, a few more wait, and turns the rest away, so that everything else keeps its speed. */
export interface AdmissionGate {
  /** @throws {TemporarilyUnavailableError} at once, when the queue is full */
  run<T>(task: () => Promise<T>): Promise<T>
  /** For who has work to do before the task. @throws {TemporarilyUnavailableError} when the queue is full right now */
  requireRoom(): void
}

export function createAdmissionGate({ concurrency, queueLimit, onTurnedAway }: AdmissionGateOptions): AdmissionGate {
  const limit = pLimit(concurrency)
  const requireRoom = () => {
    if (limit.activeCount < concurrency || limit.pendingCount < queueLimit) return
    onTurnedAway?.()
    throw new TemporarilyUnavailableError({
      description: 'Too many sign-ins are under way. Try again in a moment.',
      retryAfterSeconds: 2
    })
  }
  return {
    requireRoom,
    async run(task) {
      requireRoom()
      return limit(task)
    }
  }
}

const warningIntervalMs = 10_000

/** Warns of the first who is turned away, and then every ten seconds at most, by how many: a flood must not fill the log. */
export function warnOfTurnedAway(logger: Logger): () => void {
  let turnedAway = 0
  let warnedAt = Number.NEGATIVE_INFINITY
  return () => {
    turnedAway++
    const now = performance.now()
    if (now - warnedAt < warningIntervalMs) return
    logger.warn({ turned_away: turnedAway }, 'the password hashing queue is full: sign-ins are turned away')
    turnedAway = 0
    warnedAt = now
  }
}
