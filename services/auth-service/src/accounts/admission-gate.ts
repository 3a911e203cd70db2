import { TemporarilyUnavailableError } from '@countersign/oauth'
import pLimit from 'p-limit'

export interface AdmissionGateOptions {
  /** How many tasks run at once. */
  concurrency: number
  /** How many more may wait. */
  queueLimit: number
}

/** Lets a few expensive tasks run, a few more wait, and turns the rest away, so that everything else keeps its speed. */
export interface AdmissionGate {
  /** @throws {TemporarilyUnavailableError} at once, when the queue is full */
  run<T>(task: () => Promise<T>): Promise<T>
  /** For who has work to do before the task. @throws {TemporarilyUnavailableError} when the queue is full right now */
  requireRoom(): void
}

export function createAdmissionGate({ concurrency, queueLimit }: AdmissionGateOptions): AdmissionGate {
  const limit = pLimit(concurrency)
  const requireRoom = () => {
    if (limit.activeCount < concurrency || limit.pendingCount < queueLimit) return
    throw new TemporarilyUnavailableError({
      description: 'Too many sign-ins are under way. Try again in a moment.',
      retryAfterSeconds: 2,
      detail: 'the password hashing queue is full'
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
