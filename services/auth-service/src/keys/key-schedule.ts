import { setTimeout } from 'node:timers/promises'
import { describeError, type Logger } from '@countersign/service-kit'
import type { KeyRing } from './key-ring.ts'
import type { KeyOverview, SigningKeyAdministration } from './signing-key-administration.ts'

export interface KeyScheduleDeps {
  administration: SigningKeyAdministration
  keyRing: Pick<KeyRing, 'reload'>
  logger: Logger
  /** Told of the keys as they are, at each round. */
  onRound(overview: KeyOverview): void
  /** The longest time between two rounds, in milliseconds. */
  intervalMs: number
}

/** Lets keys follow each other in time, and this replica hear of what others did. */
export interface KeySchedule {
  /** Does a round now, after a change: what it left open is done. It never fails. */
  runNow(): Promise<void>
  close(): Promise<void>
}

/** No round follows another one sooner, in milliseconds. */
const minIntervalMs = 100

/**
 * Does the first round, then starts the schedule.
 * @throws when the first round fails: without a key that signs, and a spare, nothing should start
 */
export async function startKeySchedule(deps: KeyScheduleDeps): Promise<KeySchedule> {
  const { administration, keyRing, logger } = deps
  const closing = new AbortController()
  let waitMs = await round()
  const running = runUntilClosed()

  return {
    runNow: attempt,
    async close() {
      closing.abort()
      await running
    }
  }

  async function runUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      await setTimeout(waitMs, undefined, { signal: closing.signal, ref: false }).catch(() => {})
      if (!closing.signal.aborted) await attempt()
    }
  }

  async function attempt(): Promise<void> {
    waitMs = deps.intervalMs
    try {
      waitMs = await round()
    } catch (error) {
      logger.warn({ cause: describeError(error) }, 'signing keys not looked after; the ones in memory go on')
    }
  }

  /** @returns when the next one is due, in milliseconds */
  async function round(): Promise<number> {
    const { overview, published, rotatedTo, removed } = await administration.maintain()
    for (const kid of published) logger.info({ kid }, 'signing key was published')
    if (rotatedTo) logger.info({ kid: rotatedTo }, 'signing key was rotated: it signs from now on')
    for (const kid of removed) logger.info({ kid }, 'signing key was removed')
    await keyRing.reload()
    deps.onRound(overview)
    const { nextRotationAt, now } = overview
    const untilDue = nextRotationAt === null ? 0 : nextRotationAt.getTime() - now.getTime()
    return Math.min(Math.max(untilDue, minIntervalMs), deps.intervalMs)
  }
}
