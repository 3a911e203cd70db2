import { describeError, type Logger } from '@countersign/service-kit'
import type { ClientInfo } from '../client-info.ts'

/** A rejected attempt to authenticate as a client. */
export interface FailedAuthentication {
  /** Set when a client with this id is registered and enabled. Other ids are not stored: strangers invent them. */
  readonly clientId: string | undefined
  /** One of a few fixed sentences. */
  readonly reason: string
  readonly origin: ClientInfo
}

/** Attempts that differ only in their origin; the origin is that of the last one. */
export interface FailedAuthentications extends FailedAuthentication {
  readonly count: number
}

export interface FailedAuthenticationLogDeps {
  readonly store: { save(failures: FailedAuthentications): Promise<void> }
  readonly logger: Pick<Logger, 'warn'>
  readonly windowMs?: number
}

/** Writes failed client authentications to the audit log. */
export interface FailedAuthenticationLog {
  record(failure: FailedAuthentication): void
  /** Writes what is left, once. */
  close(): Promise<void>
}

/** How many kinds of failure are counted separately within a window. */
const maxKinds = 100

interface Kind {
  latest: FailedAuthentication
  unsaved: number
}

/**
 * Makes a log that a flood cannot fill: the first failure of a kind (client and reason) is written at once, and those of the
 * next ten minutes become one event with their count. So a replica writes at most 202 events per window.
 */
export function createFailedAuthenticationLog(deps: FailedAuthenticationLogDeps): FailedAuthenticationLog {
  const { store, logger, windowMs = 600_000 } = deps
  const kinds = new Map<string, Kind>()
  const saving = new Set<Promise<void>>()
  let timer: NodeJS.Timeout | undefined

  return {
    record(failure) {
      const [key, latest] = kindOf(failure)
      const known = kinds.get(key)
      if (known) {
        known.latest = latest
        known.unsaved++
        return
      }
      const kind = { latest, unsaved: 1 }
      kinds.set(key, kind)
      startSaving(kind)
      timer ??= setTimeout(endWindow, windowMs).unref()
    },
    async close() {
      clearTimeout(timer)
      await Promise.all(saving)
      for (const kind of kinds.values()) startSaving(kind)
      await Promise.all(saving)
    }
  }

  function kindOf(failure: FailedAuthentication): [string, FailedAuthentication] {
    const key = JSON.stringify([failure.clientId, failure.reason])
    if (kinds.has(key) || kinds.size < maxKinds) return [key, failure]
    return ['', { ...failure, clientId: undefined, reason: 'more kinds of failure than are counted separately' }]
  }

  function endWindow(): void {
    for (const [key, kind] of kinds) {
      if (kind.unsaved > 0) startSaving(kind)
      kinds.delete(key)
    }
    timer = undefined
  }

  function startSaving(kind: Kind): void {
    if (kind.unsaved === 0) return
    const work = save(kind).finally(() => saving.delete(work))
    saving.add(work)
  }

  async function save(kind: Kind): Promise<void> {
    const failures = { ...kind.latest, count: kind.unsaved }
    kind.unsaved = 0
    try {
      await store.save(failures)
    } catch (error) {
      // Counted again with the rest of the window; the log has each rejection as well.
      kind.unsaved += failures.count
      logger.warn({ cause: describeError(error) }, 'failed client authentications are not in the audit log yet')
    }
  }
}
