import { maxIdentifierLength, type RevocationKind } from '../access-token-profile.ts'
import type { Clock } from '../clock.ts'
import { deferred } from '../deferred.ts'
import { RevocationsUnavailableError } from '../errors.ts'
import { createExpiringSet } from '../expiring-set.ts'
import type { ArrivingEntry, RevocableIdentifiers, RevocationSink } from './feed.ts'

/** Plain facts about a view, for health and metrics. */
export interface RevocationStatus {
  /** Whether the view has ever been complete. */
  readonly isLoaded: boolean
  /** Whether the view is following the feed right now. */
  readonly isCurrent: boolean
  /** Seconds since the view was last known to be complete; `null` before the first time. */
  readonly stalenessSeconds: number | null
  /** How many entries are known. */
  readonly entries: number
}

/** The denylist in memory. */
export interface RevocationView extends RevocationSink {
  /** Which identifier is revoked, if one is. Map look-ups, no waiting. */
  findHit(identifiers: RevocableIdentifiers): RevocationKind | undefined
  /** Whether the token, its session or its key is revoked, as far as this view knows. */
  isRevoked(identifiers: RevocableIdentifiers): boolean
  /** Milliseconds since the view was last known to be complete; `Infinity` before the first time. */
  staleness(): number
  /** Resolves once the view has been complete; rejects when it is closed before. */
  loaded(): Promise<void>
  /** Rejects who waits for `loaded`. */
  close(): void
  /** Facts of this moment. */
  status(): RevocationStatus
}

/** What a view reports to. */
export interface RevocationViewOptions {
  readonly clock: Clock
  /** Called at once for each value that is revoked, when the view has it. */
  readonly onRevoked?: (kind: RevocationKind, value: string) => void
  /** Called for each entry that arrives live, with the seconds since its publication. */
  readonly onPropagated?: ((seconds: number) => void) | undefined
  /** Called when the view begins or ceases to be current; `reason` tells why it ceased. */
  readonly onChange?: (isCurrent: boolean, reason: string | undefined) => void
  /** Called each time that the feed says why the view is not current. */
  readonly onInterrupted?: (reason: string) => void
}

/** The most values removed in one go: about a millisecond. */
const sweepLimit = 10_000

/**
 * Makes an empty view that has never been complete. What it knows it keeps until it expires, whatever the feed says;
 * how old it is it measures by the monotonic clock, so that setting the machine's clock never makes it look fresh.
 */
export function createRevocationView(options: RevocationViewOptions): RevocationView {
  const { clock, onRevoked, onPropagated, onChange, onInterrupted } = options
  const second = () => Math.floor(clock.monotonic() / 1000)
  const newSet = () => createExpiringSet(second())
  const denylist = { jti: newSet(), sid: newSet(), kid: newSet() } as const
  const sets = Object.values(denylist)
  const firstLoad = deferred()
  let hasLoaded = false
  let asOf = Number.NEGATIVE_INFINITY
  // Unknown at first, so that the very first change is reported, whichever it is.
  let isCurrent: boolean | undefined

  const removeExpired = () => {
    for (const set of sets) set.removeExpired(second(), sweepLimit)
  }
  const add = ({ kind, value, expiresAt, ageSeconds }: ArrivingEntry) => {
    const left = expiresAt * 1000 - clock.now()
    // Kinds that are not known here are skipped: others may come one day.
    if (!Object.hasOwn(denylist, kind) || !isIdentifier(value) || !(left > 0)) return
    const isKnown = denylist[kind].has(value)
    // The deadline is fixed now, by the monotonic clock: a wall clock that is set ahead later forgets nothing.
    denylist[kind].add(value, Math.ceil((clock.monotonic() + left) / 1000))
    onRevoked?.(kind, value)
    // What is published twice has arrived before.
    if (ageSeconds !== undefined && !isKnown) onPropagated?.(ageSeconds)
  }
  const findHit = ({ jti, sid, kid, actors }: RevocableIdentifiers): RevocationKind | undefined => {
    if (denylist.jti.has(jti)) return 'jti'
    if (sid !== undefined && denylist.sid.has(sid)) return 'sid'
    if (actors?.some((actor) => denylist.sid.has(actor))) return 'sid'
    return denylist.kid.has(kid) ? 'kid' : undefined
  }
  const staleness = () => Math.max(0, clock.monotonic() - asOf)

  return {
    findHit,
    isRevoked: (identifiers) => findHit(identifiers) !== undefined,
    staleness,
    loaded: () => firstLoad.promise,
    close: () => firstLoad.reject(new RevocationsUnavailableError({ detail: 'the revocation view was closed' })),
    add(entries) {
      for (const entry of entries) add(entry)
      removeExpired()
    },
    setCurrent(newAsOf) {
      removeExpired()
      asOf = newAsOf
      hasLoaded = true
      firstLoad.resolve()
      if (isCurrent === true) return
      isCurrent = true
      onChange?.(true, undefined)
    },
    setInterrupted(reason, since = clock.monotonic()) {
      removeExpired()
      asOf = Math.min(asOf, since)
      onInterrupted?.(reason)
      if (isCurrent === false) return
      isCurrent = false
      onChange?.(false, reason)
    },
    status() {
      removeExpired()
      const milliseconds = staleness()
      const entries = sets.reduce((sum, set) => sum + set.size, 0)
      return {
        isLoaded: hasLoaded,
        isCurrent: isCurrent === true,
        stalenessSeconds: hasLoaded ? milliseconds / 1000 : null,
        entries
      }
    }
  }
}

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxIdentifierLength
}
