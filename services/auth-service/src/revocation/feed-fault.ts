import { type WriteRefusal, writeRefusalOf, writeRefusals } from '@countersign/service-kit'

/** Why revocations cannot be published, as the metric and the log name it. */
export type FeedFault = WriteRefusal | 'other'
export const feedFaults: readonly FeedFault[] = [...writeRefusals, 'other']

/** Tells the states of Redis that refuse writes apart; `other` is everything else, such as a Redis that is unavailable. */
export function classifyFeedFault(error: unknown): FeedFault {
  return writeRefusalOf(error) ?? 'other'
}
