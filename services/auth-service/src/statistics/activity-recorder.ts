import { describeError, type Logger } from '@countersign/service-kit'
import type { ActivityStore, CountedKind, CountedOutcome, MinuteCount } from './activity.ts'

export interface ActivityRecorderDeps {
  store: Pick<ActivityStore, 'save'>
  logger: Logger
  /** How long a count may wait to be saved together with others, in milliseconds. Default: two seconds. */
  saveAfterMs?: number
  /** Milliseconds since 1970-01-01 UTC. */
  clock?: () => number
}

/** Counts in memory, and saves in the background. */
export interface ActivityRecorder {
  count<Kind extends CountedKind>(kind: Kind, outcome: CountedOutcome<Kind>): void
  /** Saves what is left, once. */
  close(): Promise<void>
}

const minuteMs = 60_000
/** Six per minute, for two days: older ones are no longer shown. */
const maxCounts = 6 * 2880

interface Count extends MinuteCount {
  count: number
  saved: number
}

/**
 * Makes a recorder. Counting never waits, and nothing is written when nothing was counted. Counts that could not be saved are
 * kept and saved later. A killed process loses what it counted since the last save: these are figures, not proof.
 *
 * Minutes are by the process's clock. Replicas whose clocks differ by more than the tolerance reject each other's tokens, so a
 * minute is right within that tolerance. When the clock is set back into a minute that was saved, new counts of that minute
 * are lost up to the saved number.
 */
export function createActivityRecorder({
  store,
  logger,
  saveAfterMs = 2000,
  clock = Date.now
}: ActivityRecorderDeps): ActivityRecorder {
  /** Ordered by their minutes. */
  const counts = new Map<string, Count>()
  let timer: NodeJS.Timeout | undefined
  let saving: Promise<void> = Promise.resolve()
  let isClosed = false
  let isFailing = false

  return {
    count(kind, outcome) {
      const minute = Math.floor(clock() / minuteMs) * minuteMs
      const key = `${minute} ${kind} ${outcome}`
      const known = counts.get(key)
      if (known) known.count += 1
      else add(key, { minute, kind, outcome, count: 1, saved: 0 })
      saveLater()
    },
    async close() {
      isClosed = true
      clearTimeout(timer)
      await saving
      await save()
    }
  }

  function add(key: string, count: Count): void {
    const [oldest] = counts.keys()
    if (oldest !== undefined && counts.size >= maxCounts) counts.delete(oldest)
    counts.set(key, count)
  }

  function saveLater(): void {
    if (timer !== undefined || isClosed) return
    timer = setTimeout(() => {
      saving = save().then(() => {
        timer = undefined
        if (unsaved().length > 0) saveLater()
      })
    }, saveAfterMs)
    timer.unref()
  }

  function unsaved(): Count[] {
    return [...counts.values()].filter(({ count, saved }) => count > saved)
  }

  async function save(): Promise<void> {
    const counted = unsaved().map((entry) => ({ entry, count: entry.count }))
    if (counted.length === 0) return
    try {
      await store.save(counted.map(({ entry: { minute, kind, outcome }, count }) => ({ minute, kind, outcome, count })))
      for (const { entry, count } of counted) entry.saved = count
      forgetFormerMinutes()
      isFailing = false
    } catch (error) {
      if (!isFailing) logger.warn({ cause: describeError(error) }, 'activity not saved yet; it is tried again')
      isFailing = true
    }
  }

  function forgetFormerMinutes(): void {
    const minute = Math.floor(clock() / minuteMs) * minuteMs
    for (const [key, entry] of counts) {
      if (entry.minute < minute && entry.saved === entry.count) counts.delete(key)
    }
  }
}
