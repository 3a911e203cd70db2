import { describeError, type Logger } from '@countersign/service-kit'
import type { EncryptedStore, PresentedSession } from './encrypted-store.ts'

/** Sessions whose tokens the issuer has rotated and whose new version the store has not taken: only this replica has it. */
export interface UnstoredRenewals {
  keep(session: PresentedSession, failure: unknown): void
  /** @returns the kept version of a session that the store has found, if that is the newer one */
  newest(session: PresentedSession): PresentedSession
  /** Stores what is kept of a session. @throws {TemporarilyUnavailableError} when the store does not take it yet */
  store(id: string): Promise<void>
  /** For a session that has ended. */
  forget(id: string): void
  /** Tries a last time to store all of them. */
  close(): Promise<void>
}

export interface UnstoredRenewalsDeps {
  encryptedStore: EncryptedStore
  logger: Logger
  clock: { now(): number }
}

const capacity = 10_000
/** Shorter than another replica waits before it takes a renewal over. */
const retryIntervalMs = 250

export function createUnstoredRenewals({ encryptedStore, logger, clock }: UnstoredRenewalsDeps): UnstoredRenewals {
  const kept = new Map<string, PresentedSession>()
  let isStoring = false
  let timer: NodeJS.Timeout | undefined
  return {
    keep(session, failure) {
      const [oldest] = kept.keys()
      if (oldest !== undefined && kept.size >= capacity) forget(oldest)
      kept.set(session.id, session)
      logger.warn({ cause: describeError(failure), unstored: kept.size }, 'a refreshed session cannot be stored yet')
      timer ??= setInterval(() => void storeAll(), retryIntervalMs).unref()
    },
    newest(session) {
      const own = kept.get(session.id)
      return own && own.version > session.version ? own : session
    },
    store,
    forget,
    async close() {
      await storeAll()
      clearInterval(timer)
      if (kept.size > 0) logger.error({ unstored: kept.size }, 'refreshed sessions could not be stored, and are lost')
    }
  }

  async function store(id: string): Promise<void> {
    const session = kept.get(id)
    if (!session) return
    // Where another version is there, or none, this one is of no use any more.
    if (session.endsAt > clock.now()) await encryptedStore.replace(id, session)
    if (kept.get(id) === session) forget(id)
  }

  /** Ends at the first one that the store refuses: it would refuse the others as well. */
  async function storeAll(): Promise<void> {
    if (isStoring || kept.size === 0) return
    isStoring = true
    try {
      for (const id of kept.keys()) await store(id)
      logger.info('all refreshed sessions are stored')
    } catch {
      // The next attempt follows.
    } finally {
      isStoring = false
    }
  }

  function forget(id: string): void {
    kept.delete(id)
    if (kept.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}
