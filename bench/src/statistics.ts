/** The given percentiles (0 to 100, nearest rank) of unsorted samples; `NaN` for each when there are none. */
export function percentiles(samples: readonly number[], wanted: readonly number[]): number[] {
  const sorted = Float64Array.from(samples).sort()
  return wanted.map((p) => sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN)
}

/** The p-th percentile (0 to 100, nearest rank) of unsorted samples. */
export function percentile(samples: readonly number[], p: number): number {
  return percentiles(samples, [p])[0] as number
}

/** The middle of unsorted samples; the mean of both middle ones when their count is even. */
export function median(samples: readonly number[]): number {
  const sorted = Float64Array.from(samples).sort()
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Three significant digits: more would claim a precision that these machines do not have. */
export function round(value: number): number {
  return Number(value.toPrecision(3))
}

/** How often a sample of the first is greater than one of the second, of all pairs; equal ones count half. Not below 0.5: either way tells. */
export function areaUnderCurve(first: readonly number[], second: readonly number[]): number {
  const wins = first.flatMap((one) => second.map((other): number => (one > other ? 1 : one === other ? 0.5 : 0)))
  const area = wins.reduce((sum, win) => sum + win, 0) / wins.length
  return Math.max(area, 1 - area)
}
