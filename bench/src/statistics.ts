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
