import { encodeEntries, entriesPerEvent } from './feed-events.ts'
import type { CommittedEntry } from './feed-source.ts'

/** One or several events with entries. Every stream sends the same bytes. */
export interface LogItem {
  /** Where a stream stands that has sent it. */
  readonly end: number
  readonly bytes: Buffer
  readonly newestTransaction: bigint
  /** When its last entry expires, in seconds since 1970-01-01 UTC. */
  readonly expiresAt: number
}

/** All live entries, encoded, in the order in which they were read. */
export interface FeedLog {
  append(entries: readonly CommittedEntry[], reading: number): void
  /**
   * The next item for a stream.
   * @param after where the stream stands, 0 at first
   * @param since items whose transactions are all earlier are passed over
   */
  next(after: number, since: bigint): LogItem | undefined
  /** Drops what has expired, and merges small items. */
  compact(now: number): void
  /** How many bytes it holds. */
  readonly size: number
}

/** This many items are merged into one. */
const mergedItems = 64
const maxSmallBytes = 8 * 1024

export function createFeedLog(): FeedLog {
  let items: LogItem[] = []
  let end = 0

  const add = (entries: readonly CommittedEntry[], reading: number) => {
    if (entries.length === 0) return
    end += 1
    items.push({
      end,
      bytes: encodeEntries(entries, reading),
      newestTransaction: entries.reduce((newest, { transactionId: id }) => (id > newest ? id : newest), 0n),
      expiresAt: Math.max(...entries.map(({ expiresAt }) => expiresAt))
    })
  }

  return {
    append(entries, reading) {
      // The entry of a key lives for a week, and must not hold on to others.
      for (const ofKeys of [true, false]) {
        const some = entries.filter(({ kind }) => (kind === 'kid') === ofKeys)
        for (let at = 0; at < some.length; at += entriesPerEvent) add(some.slice(at, at + entriesPerEvent), reading)
      }
    },
    next(after, since) {
      for (let at = firstAfter(items, after); at < items.length; at++) {
        const item = items[at]
        if (item && item.newestTransaction >= since) return item
      }
      return undefined
    },
    compact(now) {
      items = mergeSmall(items.filter(({ expiresAt }) => expiresAt > now))
    },
    get size() {
      return items.reduce((sum, { bytes }) => sum + bytes.length, 0)
    }
  }
}

/** A binary search: the ends ascend. */
function firstAfter(items: readonly LogItem[], after: number): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((items[middle]?.end ?? 0) > after) high = middle
    else low = middle + 1
  }
  return low
}

/** A stream that has sent a part of a merged item sends all of it: an entry that comes twice does no harm. */
function mergeSmall(items: readonly LogItem[]): LogItem[] {
  const merged: LogItem[] = []
  let run: LogItem[] = []
  const endRun = () => {
    merged.push(...(run.length < mergedItems ? run : [mergeItems(run)]))
    run = []
  }
  for (const item of items) {
    const isSmall = item.bytes.length <= maxSmallBytes
    if (!isSmall || !expireTogether(item, run[0] ?? item)) endRun()
    if (isSmall) run.push(item)
    else merged.push(item)
    if (run.length === mergedItems) endRun()
  }
  endRun()
  return merged
}

/** The entry of a key lives for a week, and those of tokens for an hour at most. */
function expireTogether(one: LogItem, other: LogItem): boolean {
  return Math.abs(one.expiresAt - other.expiresAt) <= 3600
}

function mergeItems(items: readonly LogItem[]): LogItem {
  return {
    end: items.at(-1)?.end ?? 0,
    bytes: Buffer.concat(items.map(({ bytes }) => bytes)),
    newestTransaction: items.reduce((newest, { newestTransaction: id }) => (id > newest ? id : newest), 0n),
    expiresAt: Math.max(...items.map(({ expiresAt }) => expiresAt))
  }
}
