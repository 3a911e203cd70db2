import { describeError, type Logger, pause } from '@countersign/service-kit'
import type { KeyOverview, SigningKeyAdministration } from './signing-key-administration.ts'
import type { SigningKeys } from './signing-keys.ts'

export interface KeyScheduleDeps {
  administration: SigningKeyAdministration
  signingKeys: Pick<SigningKeys, 'reload' | 'isDenied' | 'knows'>
  logger: Logger
  /** Called with the current keys, at each round. */
  onRound(overview: KeyOverview): void
  /** The longest time between two rounds, in milliseconds. */
  intervalMs: number
}

/** Rotates keys on schedule, and keeps this replica up to date with changes of others. */
export interface KeySchedule {
  /** Does a round now, to complete a change. It never fails. */
  runNow(): Promise<void>
  close(): Promise<void>
}

/** The shortest time between two rounds, in milliseconds. */
const minIntervalMs = 100

/**
 * Does the first round, then starts the schedule.
 * @throws when the first round fails: nothing should start without a signing key and a next key
 */
export async function startKeySchedule(deps: KeyScheduleDeps): Promise<KeySchedule> {
  const { administration, signingKeys, logger } = deps
  const closing = new AbortController()
  let lastBlocked: string | undefined
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
      await pause(waitMs, closing.signal)
      if (!closing.signal.aborted) await attempt()
    }
  }

  async function attempt(): Promise<void> {
    waitMs = deps.intervalMs
    try {
      waitMs = await round()
    } catch (error) {
      logger.warn({ cause: describeError(error) }, 'signing keys not maintained; those in memory stay in use')
    }
  }

  /** @returns when the next one is due, in milliseconds */
  async function round(): Promise<number> {
    // First read the changes of others: that must neither wait for a new key to be made nor fail with it.
    await signingKeys.reload()
    const { overview, published, rotatedTo, blocked, removed } = await administration.maintain()
    for (const kid of published) logger.info({ kid }, 'signing key was published')
    if (rotatedTo) logger.info({ kid: rotatedTo }, 'signing key was rotated: it signs from now on')
    for (const kid of removed) logger.info({ kid }, 'signing key was removed')
    if (blocked !== lastBlocked && blocked)
      logger.error({ reason: blocked }, 'a rotation that is due cannot take place')
    lastBlocked = blocked
    // Keys that were made or removed just now, here or by another replica.
    const live = overview.keys.filter(({ state }) => state !== 'revoked')
    if (removed.length > 0 || !live.every(({ kid }) => signingKeys.knows(kid))) await signingKeys.reload()
    const hasRevoked = await revokeDenied(overview)
    deps.onRound(overview)
    if (hasRevoked) return minIntervalMs
    const { nextRotationAt, now } = overview
    const untilDue = nextRotationAt === null ? 0 : nextRotationAt.getTime() - now.getTime()
    return untilDue > 0 ? Math.min(Math.max(untilDue, minIntervalMs), deps.intervalMs) : deps.intervalMs
  }

  /**
   * The database has lost a revocation (by failover or a restored backup), or another program wrote to the denylist: every
   * verifier rejects the key, so it must not sign any longer.
   */
  async function revokeDenied({ keys }: KeyOverview): Promise<boolean> {
    const denied = keys.filter(({ kid, state }) => state !== 'revoked' && signingKeys.isDenied(kid))
    for (const { kid } of denied) {
      logger.error({ kid }, 'the denylist names a key that the database does not call revoked; it is revoked now')
      // The sweeper publishes the entry that is written with it.
      await administration.revoke(kid, { reason: 'the denylist names it' })
    }
    return denied.length > 0
  }
}
