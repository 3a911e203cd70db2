/** The finding of one check of an installation. */
export interface Finding {
  /** What was checked, such as `metadata`. */
  readonly check: string
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped'
  /** A sentence: what was expected and what was seen. Contains no secret. */
  readonly text: string
}

/** Findings of one check, by its name. */
export const findingsOf = (check: string) => ({
  ok: (text: string): Finding => ({ check, state: 'ok', text }),
  warning: (text: string): Finding => ({ check, state: 'warning', text }),
  failed: (text: string): Finding => ({ check, state: 'failed', text }),
  skipped: (text: string): Finding => ({ check, state: 'skipped', text })
})

const maxClockDifferenceSeconds = 5

/** Compares a clock with this machine's: tokens live for minutes, and several machines check them. */
export function compareClock(check: string, whose: string, theirs: number, ours: number): Finding {
  const { ok, failed } = findingsOf(check)
  const seconds = Math.round((theirs - ours) / 1000)
  if (Math.abs(seconds) <= maxClockDifferenceSeconds) return ok(`The clock of ${whose} agrees with this machine's.`)
  const direction = seconds > 0 ? 'ahead of' : 'behind'
  return failed(`The clock of ${whose} is ${Math.abs(seconds)} s ${direction} this machine's. Use NTP on both.`)
}
