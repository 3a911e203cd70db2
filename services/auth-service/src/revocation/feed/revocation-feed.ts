import type { Logger } from '@countersign/service-kit'
import { createFeedReader } from './feed-reader.ts'
import type { FeedSource } from './feed-source.ts'
import { createFeedStreams, type FeedStreams } from './feed-streams.ts'

export interface RevocationFeedOptions {
  readonly source: FeedSource
  readonly logger: Logger
  readonly maxStreams: number
}

/** Makes the revocation feed over HTTP. It reads nothing before someone follows it. */
export function createRevocationFeed({ source, logger, maxStreams }: RevocationFeedOptions): FeedStreams {
  const monotonic = () => performance.now()
  return createFeedStreams({
    createReader: (calls) => createFeedReader({ source, logger, monotonic, ...calls }),
    maxStreams,
    monotonic,
    now: Date.now,
    random: Math.random
  })
}
