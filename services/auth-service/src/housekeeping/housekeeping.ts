import { describeError, type Logger, pause } from '@countersign/service-kit'

/** The kinds of rows that are removed, each in batches. */
export const expiredKinds = [
  'families',
  'revocations',
  'activity',
  'mails',
  'one_time_secrets',
  'invitations',
  'sign_in_flows',
  'totp_enrolments',
  'passkey_challenges',
  'trusted_devices',
  'password_reset_requests',
  'mail_sign_in_requests',
  'authorization_requests',
  'authorization_codes',
  'logout_requests',
  'backchannel_logouts',
  'provider_transactions',
  'audit_events',
  'deleted_users'
] as const
export type ExpiredKind = (typeof expiredKinds)[number]

/** Removes rows that nobody needs any more. */
export interface ExpiredRows {
  /**
   * Removes at most `limit` rows in one short transaction, unless another replica is doing so.
   * @returns how many were removed, or `undefined` when another replica is doing it
   */
  removeBatch(kind: ExpiredKind, limit: number): Promise<number | undefined>
  /**
   * Removes the address and the user agent from at most `limit` audit events of deleted users, unless another replica is doing so.
   * @returns how many events it changed, or `undefined` when another replica is doing it
   */
  anonymizeBatch(limit: number): Promise<number | undefined>
  /**
   * Makes the partitions of the audit events to come that are missing. Waits for nobody.
   * @returns how many were made
   */
  makeAuditPartitions(): Promise<number>
  /**
   * Drops the oldest partition of audit events if it holds none that is to be kept.
   * @returns 1 if it was dropped; 0 if there is none, if somebody reads it, or if another replica is doing it
   */
  dropAuditPartition(): Promise<number>
}

export interface HousekeepingDeps {
  expired: ExpiredRows
  /** Ends what is left of the sessions that have to end since a role lost a scope. */
  endSessions(signal: AbortSignal): Promise<unknown>
  /** Deletes the users who have asked for it, as far as their period of grace is over. */
  deleteUsers(signal: AbortSignal): Promise<unknown>
  /** Lets what the transport of revocations holds shrink with time. */
  trimFeed(): Promise<void>
  /** Whether it may change anything now; a round in which it may not is left out. */
  mayRun(): boolean
  onRemoved(kind: ExpiredKind, rows: number): void
  logger: Logger
}

export interface Housekeeping {
  close(): Promise<void>
}

/** From the end of one round to the start of the next. */
const intervalMs = 60_000
const batchSize = 500
/** The most batches of one round for one kind, so that the others have their turn. */
const batchesPerRound = 200

/** Starts housekeeping: expired families, dead denylist entries, old counts and audit events go, a small batch at a time. */
export function startHousekeeping({
  expired,
  endSessions,
  deleteUsers,
  trimFeed,
  mayRun,
  onRemoved,
  logger
}: HousekeepingDeps): Housekeeping {
  const closing = new AbortController()
  const running = runUntilClosed()
  return {
    async close() {
      closing.abort()
      await running
    }
  }

  async function runUntilClosed(): Promise<void> {
    while (!closing.signal.aborted) {
      if (mayRun()) await runRound()
      await pause(intervalMs, closing.signal)
    }
  }

  async function runRound(): Promise<void> {
    await attempt('ending sessions of a scope that was taken', () => endSessions(closing.signal))
    await attempt('deleting users who have asked for it', () => deleteUsers(closing.signal))
    await attempt('making partitions of audit events', makePartitions)
    await attempt('dropping a partition of audit events', dropPartition)
    await attempt('anonymizing audit events of deleted users', anonymizeAll)
    for (const kind of expiredKinds) await attempt(`removing expired ${kind}`, () => removeAll(kind))
    await attempt('trimming the revocation feed', trimFeed)
  }

  async function makePartitions(): Promise<void> {
    const partitions = await expired.makeAuditPartitions()
    if (partitions > 0) logger.info({ partitions }, 'made partitions of audit events')
  }

  /** One in a round: a clock that is ahead for a moment must not cost the whole log. */
  async function dropPartition(): Promise<void> {
    if ((await expired.dropAuditPartition()) > 0) logger.info('dropped a partition of expired audit events')
  }

  async function anonymizeAll(): Promise<void> {
    const rows = await inBatches(expired.anonymizeBatch)
    if (rows > 0) logger.info({ rows }, 'anonymized audit events of deleted users')
  }

  async function removeAll(kind: ExpiredKind): Promise<void> {
    const rows = await inBatches(async (limit) => {
      const removed = await expired.removeBatch(kind, limit)
      if (removed !== undefined) onRemoved(kind, removed)
      return removed
    })
    if (rows > 0) logger.info({ kind, rows }, 'removed expired rows')
  }

  /** @returns how many rows were done */
  async function inBatches(work: (limit: number) => Promise<number | undefined>): Promise<number> {
    let total = 0
    for (let batch = 0; batch < batchesPerRound && !closing.signal.aborted; batch++) {
      const done = await work(batchSize)
      total += done ?? 0
      if (done === undefined || done < batchSize) break
    }
    return total
  }

  async function attempt(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      logger.warn({ cause: describeError(error) }, `${what} failed; it is tried again later`)
    }
  }
}
