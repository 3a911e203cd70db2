import { createHttpService, createLogger, createMetrics, type Logger, type Service } from '@countersign/service-kit'
import { adminRole, ensureFirstAdmin, type FirstAdmin } from './accounts/first-admin.ts'
import { createFailedAuthenticationLog } from './audit/failed-authentications.ts'
import { createClientCache } from './clients/client-cache.ts'
import type { Config } from './config.ts'
import { createEndpointDeps } from './endpoints/endpoint-deps.ts'
import { routesOf } from './endpoints/routes.ts'
import { startHousekeeping } from './housekeeping/housekeeping.ts'
import { type Infrastructure, openRedisInfrastructure } from './infrastructure.ts'
import { startKeys } from './keys/start-keys.ts'
import { createIssuerMetrics } from './metrics.ts'
import { createAdmissionGate, warnOfTurnedAway } from './passwords/admission-gate.ts'
import { createPasswordHashing, type PasswordHashing } from './passwords/password-hashing.ts'
import { startPasswordThreads } from './passwords/password-threads.ts'
import { createRevocationFeed } from './revocation/feed/revocation-feed.ts'
import { observeFeed } from './revocation/observed-feed.ts'
import { startRevocationRelay } from './revocation/revocation-relay.ts'
import { addDescription } from './routing/add-description.ts'
import { addRoutes } from './routing/add-routes.ts'
import { createActivityRecorder } from './statistics/activity-recorder.ts'
import { recordActivity } from './statistics/recorded-metrics.ts'
import { openPostgresStores, type PostgresStores } from './stores/postgres/open-stores.ts'
import { createOwnVerifier } from './tokens/own-verifier.ts'

export type { FirstAdmin } from './accounts/first-admin.ts'
export { type Config, loadConfig } from './config.ts'
export { createInProcessInfrastructure, type Infrastructure } from './infrastructure.ts'

const sweepIntervalMs = 1000
const housekeepingIntervalMs = 60_000
/** How far the figures of activity are behind. */
const activitySaveMs = 2000

export interface AuthServiceOptions {
  /** Default: Redis, at `REDIS_URL`. */
  infrastructure?: Infrastructure
  /** Whether to make up a password for the first admin when the configuration has none. */
  generateAdminPassword?: boolean
}

export interface AuthService extends Service {
  /** Set when this start made the first admin. */
  readonly firstAdmin: FirstAdmin | undefined
}

/** Constructs the auth-service: the only place where its parts are made. */
export async function createAuthService(config: Config, options: AuthServiceOptions = {}): Promise<AuthService> {
  const logger = createLogger({ service: 'auth-service', level: config.logLevel })
  const httpMetrics = createMetrics('auth-service')
  const infrastructure = options.infrastructure ?? openRedisInfrastructure(config, logger)
  const stores = await openPostgresStores(config)
  const { passwordHashConcurrency: concurrency, passwordHashQueue: queueLimit } = config
  const gate = createAdmissionGate({ concurrency, queueLimit, onTurnedAway: warnOfTurnedAway(logger) })
  const passwordThreads = startPasswordThreads(concurrency)
  const passwords = await createPasswordHashing(gate, passwordThreads)
  const firstAdmin = await makeFirstAdmin(config, options, { stores, passwords, logger })
  const activity = createActivityRecorder({ store: stores.activity, logger, saveAfterMs: activitySaveMs })
  const feedStreams = createRevocationFeed({
    source: stores.revocationFeed,
    logger,
    maxStreams: config.revocationFeedStreams
  })
  const issuerMetrics = createIssuerMetrics({
    registry: httpMetrics.registry,
    countPendingRevocations: stores.outbox.countUnpublished,
    countFeedStreams: () => feedStreams.count
  })
  const metrics = recordActivity(issuerMetrics, activity)
  const keys = await startKeys({ config, store: stores.signingKeys, onRound: metrics.showKeys, logger })
  const clients = createClientCache({ store: stores.clients, seconds: config.clientCacheSeconds })
  const feed = observeFeed(infrastructure.feed, {
    onRevoked(value) {
      clients.forget(value)
      feedStreams.onRevoked(value)
    },
    onFollowing: clients.setFollowing
  })
  const relay = startRevocationRelay({
    outbox: stores.outbox,
    publisher: infrastructure.publisher,
    logger,
    metrics,
    onUnpublished: feed.add,
    sweepIntervalMs
  })
  const housekeeping = startHousekeeping({
    expired: stores.expiredRows,
    trimFeed: infrastructure.publisher.trim,
    onRemoved: metrics.countRemoved,
    logger,
    intervalMs: housekeepingIntervalMs
  })
  const verifier = createOwnVerifier({
    issuer: config.issuer,
    signingKeys: keys.signingKeys,
    feed,
    outbox: stores.outbox,
    replayCache: infrastructure.replayCache,
    metrics: httpMetrics,
    logger
  })
  const failedAuthentications = createFailedAuthenticationLog({ store: stores.failedAuthentications, logger })
  const routes = routesOf(config.issuer)
  const deps = createEndpointDeps({
    config,
    logger,
    infrastructure,
    stores,
    passwords,
    metrics,
    keys,
    clients,
    announcer: relay,
    verifier,
    feedStreams,
    failedAuthentications
  })
  const isFeedIntact = async () => relay.isHealthy() && (await infrastructure.publisher.isIntact())
  const service = createHttpService({
    ...config,
    logger,
    metrics: httpMetrics,
    healthChecks: [
      { name: 'database', required: true, check: stores.isReachable },
      { name: 'revocation_feed', required: false, check: isFeedIntact }
    ],
    addRoutes(router) {
      addRoutes(router, routes, deps)
      addDescription(router, routes, config.issuer)
    },
    onDraining: feedStreams.close,
    // In this order, each one although the one before may fail.
    closeStores: [
      verifier,
      passwordThreads,
      activity,
      failedAuthentications,
      housekeeping,
      relay,
      keys,
      infrastructure,
      stores
    ].map((part) => () => part.close())
  })
  return Object.assign(service, { firstAdmin })
}

async function makeFirstAdmin(
  config: Config,
  { generateAdminPassword = false }: AuthServiceOptions,
  { stores, passwords, logger }: { stores: PostgresStores; passwords: PasswordHashing; logger: Logger }
): Promise<FirstAdmin | undefined> {
  const { users } = stores
  const firstAdmin = await ensureFirstAdmin(
    { users, passwords },
    {
      username: config.firstAdminUsername,
      password: config.firstAdminPassword?.reveal(),
      generate: generateAdminPassword
    }
  )
  if (firstAdmin) logger.info({ username: firstAdmin.username }, 'made the first admin')
  else if (!(await users.hasUserWithRole(adminRole))) {
    logger.warn('there is no admin; COUNTERSIGN_ADMIN_PASSWORD makes the first one at the next start')
  }
  return firstAdmin
}
