import type { KeyList, SigningKey } from '../../api/types.ts'

export type KeyPhase = 'published' | 'signing' | 'retired'

export interface TimeSpan {
  from: number
  to: number
  now: number
}

/** A part of the bar of a key, in percent of the timeline. */
export interface Segment {
  phase: KeyPhase
  left: number
  width: number
}

/** From the first key on to a little after now, or to the next rotation where that is near. */
export function timeSpanOf({ keys, next_rotation_at }: KeyList, moment: Date): TimeSpan {
  const now = moment.getTime()
  const from = Math.min(now - 60_000, ...keys.map(({ created_at }) => Date.parse(created_at)))
  const past = now - from
  const next = next_rotation_at === null ? now : Date.parse(next_rotation_at)
  return { from, to: Math.max(now + past * 0.04, Math.min(next, now + past * 0.5)), now }
}

/** What a key was and is, up to now. */
export function segmentsOf(key: SigningKey, span: TimeSpan): Segment[] {
  const end = key.revoked_at ? Date.parse(key.revoked_at) : span.now
  const at = (text: string | null) => (text === null ? end : Math.min(Date.parse(text), end))
  const signsFrom = key.state === 'next' ? end : at(key.signs_from)
  const retiredAt = Math.max(at(key.retired_at), signsFrom)
  const phases: [KeyPhase, number, number][] = [
    ['published', Date.parse(key.created_at), signsFrom],
    ['signing', signsFrom, retiredAt],
    ['retired', retiredAt, end]
  ]
  const percent = (duration: number) => (duration / (span.to - span.from)) * 100
  return phases
    .filter(([, from, to]) => to > from)
    .map(([phase, from, to]) => ({ phase, left: percent(from - span.from), width: percent(to - from) }))
}

export function percentOfNow({ from, to, now }: TimeSpan): number {
  return ((now - from) / (to - from)) * 100
}
