import { describeError, type Logger } from '@countersign/service-kit'
import type { EncryptedStore, PresentedSession } from './encrypted-store.ts'

/** Sessions whose tokens the issuer has rotated but whose new version the store has not accepted: only this replica has it. */
export interface UnstoredRenewals {
  keep(session: PresentedSession, failure: unknown): void
  /** @returns the kept version of a session that was found in the store, if it is newer */
  newest(session: PresentedSession): PresentedSession
  /** Stores the kept version of a session. @throws {TemporarilyUnavailableError} when the store does not accept it yet */
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
    // If the store has another version, or none, this one is no longer needed.
    if (session.endsAt > clock.now()) await encryptedStore.replace(id, session)
    if (kept.get(id) === session) forget(id)
  }

  /** Stops at the first one that the store rejects: it would reject the others as well. */
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
