/** Values that each go at a deadline of their own. */
export interface ExpiringSet {
  has(value: string): boolean
  /** Adds the value, or moves its deadline later; never earlier. */
  add(value: string, deadlineSecond: number): void
  /** Removes what has reached its deadline, at most `limit` values in one call so that none takes long. */
  removeExpired(nowSecond: number, limit: number): void
  readonly size: number
}

/** Buckets, one for each second, make removal cost what is removed, never a scan. Bounded memory for each value. */
export function createExpiringSet(startSecond: number): ExpiringSet {
  const deadlines = new Map<string, number>()
  const buckets = new Map<number, string[]>()
  let sweepSecond = startSecond

  return {
    has: (value) => deadlines.has(value),
    get size() {
      return deadlines.size
    },
    add(value, deadlineSecond) {
      const known = deadlines.get(value)
      if (known !== undefined && known >= deadlineSecond) return
      deadlines.set(value, deadlineSecond)
      const bucket = buckets.get(deadlineSecond)
      if (bucket) bucket.push(value)
      else buckets.set(deadlineSecond, [value])
    },
    removeExpired(nowSecond, limit) {
      let left = limit
      while (sweepSecond <= nowSecond) {
        const bucket = buckets.get(sweepSecond)
        for (; bucket && bucket.length > 0 && left > 0; left--) {
          const value = bucket.pop() as string
          // The value may have come again since, with a later deadline.
          if (deadlines.get(value) === sweepSecond) deadlines.delete(value)
        }
        if (bucket && bucket.length > 0) return
        buckets.delete(sweepSecond)
        sweepSecond++
      }
    }
  }
}
