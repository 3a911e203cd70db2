import type { Logger } from '@countersign/service-kit'
import type { ClientCache } from './clients/client-cache.ts'
import { type DatabaseWatch, watchDatabase } from './database-watch.ts'
import type { Infrastructure } from './infrastructure.ts'
import type { FeedStreams } from './revocation/feed/feed-streams.ts'
import { type ObservedFeed, observeFeed } from './revocation/observed-feed.ts'
import {
  type RelayMetrics,
  type RevocationRelay,
  type RevocationRelayDeps,
  startRevocationRelay
} from './revocation/revocation-relay.ts'
import type { PostgresStores } from './stores/postgres/open-stores.ts'

const sweepIntervalMs = 1000

export interface RevocationDeps {
  stores: Pick<PostgresStores, 'outbox' | 'findSchemaFault'>
  infrastructure: Pick<Infrastructure, 'publisher' | 'feed'>
  /** Both hear of each revocation. */
  clients: ClientCache
  feedStreams: FeedStreams
  metrics: RelayMetrics
  logger: Logger
}

/** What brings a revocation from the database to every verifier. */
export interface Revocation {
  /** The feed of this service's own verifier. */
  readonly feed: ObservedFeed
  readonly relay: RevocationRelay
  readonly databaseWatch: DatabaseWatch
  /** Whether everything that is committed reaches the verifiers. */
  isIntact(): Promise<boolean>
}

/** Starts to publish what is committed, and looks whether the database is as new as what was published from it. */
export async function startRevocation(deps: RevocationDeps): Promise<Revocation> {
  const { stores, infrastructure, clients, feedStreams, metrics, logger } = deps
  const { outbox, findSchemaFault } = stores
  const { publisher } = infrastructure
  const feed = observeFeed(infrastructure.feed, {
    onRevoked(value) {
      clients.forget(value)
      feedStreams.onRevoked(value)
    },
    onFollowing: clients.setFollowing
  })
  const onCommitted: RevocationRelayDeps['onCommitted'] = (entries) => {
    feedStreams.sendCommitted(entries)
    feed.add(entries)
  }
  const relay = startRevocationRelay({ outbox, publisher, logger, metrics, onCommitted, sweepIntervalMs })
  const databaseWatch = watchDatabase({ findSchemaFault, outbox, publisher, logger })
  await databaseWatch.firstLook
  return { feed, relay, databaseWatch, isIntact: async () => relay.isHealthy() && (await publisher.isIntact()) }
}
