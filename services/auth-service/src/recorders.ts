import type { HttpMetrics, Logger } from '@countersign/service-kit'
import { createFailedAuthenticationLog, type FailedAuthenticationLog } from './audit/failed-authentications.ts'
import { createFirstTokens, type FirstTokens } from './clients/first-tokens.ts'
import type { Mail } from './mail/open-mail.ts'
import { createIssuerMetrics, type IssuerMetrics } from './metrics.ts'
import type { FeedStreams } from './revocation/feed/feed-streams.ts'
import { createActivityRecorder } from './statistics/activity-recorder.ts'
import { recordActivity } from './statistics/recorded-metrics.ts'
import type { PostgresStores } from './stores/postgres/open-stores.ts'

export interface RecordersDeps {
  stores: PostgresStores
  feedStreams: Pick<FeedStreams, 'count'>
  /** Absent where no mail is sent. */
  mail: Mail | undefined
  httpMetrics: HttpMetrics
  logger: Logger
}

/** Records metrics, activity, failed authentications and first tokens. No request waits for it. */
export interface Recorders {
  readonly metrics: IssuerMetrics
  readonly failedAuthentications: FailedAuthenticationLog
  readonly firstTokens: FirstTokens
  /** To be closed in this order: what they still hold is stored. */
  readonly parts: readonly { close(): unknown }[]
}

export function createRecorders({ stores, feedStreams, mail, httpMetrics, logger }: RecordersDeps): Recorders {
  const activity = createActivityRecorder({ store: stores.activity, logger })
  const failedAuthentications = createFailedAuthenticationLog({ store: stores.failedAuthentications, logger })
  const firstTokens = createFirstTokens({ store: stores.firstTokens, logger })
  const metrics = createIssuerMetrics({
    registry: httpMetrics.registry,
    countPendingRevocations: stores.outbox.countUnpublished,
    countFeedStreams: () => feedStreams.count,
    countWaitingMail: mail && stores.mailOutbox.countWaiting,
    countWaitingLogouts: stores.backchannelLogouts.countWaiting
  })
  return {
    metrics: recordActivity(metrics, activity),
    failedAuthentications,
    firstTokens,
    parts: [activity, failedAuthentications, firstTokens]
  }
}
