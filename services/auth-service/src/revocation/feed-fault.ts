/** Why revocations cannot be published, as the metric and the log name it. */
export const feedFaults = ['memory_full', 'snapshots_failing', 'too_few_replicas', 'read_only', 'other'] as const
export type FeedFault = (typeof feedFaults)[number]

const faultsByReply: readonly (readonly [RegExp, FeedFault])[] = [
  [/^OOM\b/, 'memory_full'],
  [/^MISCONF\b/, 'snapshots_failing'],
  [/^NOREPLICAS\b/, 'too_few_replicas'],
  [/^READONLY\b|is a replica/, 'read_only']
]

/** Tells the states of Redis that refuse writes apart; `other` is everything else, such as a Redis that is away. */
export function classifyFeedFault(error: unknown): FeedFault {
  const message = error instanceof Error ? error.message : ''
  return faultsByReply.find(([pattern]) => pattern.test(message))?.[1] ?? 'other'
}
