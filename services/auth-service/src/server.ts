import { createHttpService, createLogger, createMetrics, type Service } from '@countersign/service-kit'
import { settleDeletions } from './accounts/account-deletion.ts'
import { ensureFirstAdmin, type FirstAdmin } from './accounts/first-admin.ts'
import type { RequestedMail } from './accounts/requested-mail.ts'
import { firstApi } from './apis/api.ts'
import { createFailedAuthenticationLog } from './audit/failed-authentications.ts'
import { awaitSchema } from './await-schema.ts'
import { createClientCache } from './clients/client-cache.ts'
import { createFirstTokens } from './clients/first-tokens.ts'
import type { Config } from './config.ts'
import { watchDatabase } from './database-watch.ts'
import { createEndpointDeps } from './endpoints/endpoint-deps.ts'
import { routesOf } from './endpoints/routes.ts'
import { startHousekeeping } from './housekeeping/housekeeping.ts'
import { type Infrastructure, openRedisInfrastructure } from './infrastructure.ts'
import { startKeys } from './keys/start-keys.ts'
import { startLogoutSender } from './logout/logout-sender.ts'
import type { RenderedMail } from './mail/mail.ts'
import { startMailSender } from './mail/mail-sender.ts'
import { openMail } from './mail/open-mail.ts'
import { smtpConnections } from './mail/smtp-transport.ts'
import { createIssuerMetrics } from './metrics.ts'
import { createOutboundFetch } from './outbound/outbound-fetch.ts'
import { startPasswords } from './passwords/start-passwords.ts'
import { type Announcer, announcing } from './revocation/announcing.ts'
import { createRevocationFeed } from './revocation/feed/revocation-feed.ts'
import { observeFeed } from './revocation/observed-feed.ts'
import { startRevocationRelay } from './revocation/revocation-relay.ts'
import { addCapturedMail } from './routing/add-captured-mail.ts'
import { addDescription } from './routing/add-description.ts'
import { addRoutes } from './routing/add-routes.ts'
import { startSessionEnder } from './sessions/session-ender.ts'
import { endAllSessions } from './sessions/session-endings.ts'
import { createActivityRecorder } from './statistics/activity-recorder.ts'
import { recordActivity } from './statistics/recorded-metrics.ts'
import { findSchemaFault } from './stores/postgres/database-migration.ts'
import { openPostgresStores } from './stores/postgres/open-stores.ts'
import { createLogoutTokens } from './tokens/logout-tokens.ts'
import { createOwnVerifier } from './tokens/own-verifier.ts'

export type { FirstAdmin } from './accounts/first-admin.ts'
export { type Config, loadConfig } from './config.ts'
export { createInProcessInfrastructure, type Infrastructure } from './infrastructure.ts'

const sweepIntervalMs = 1000
const nothingToClose = { close: () => {} }

export interface AuthServiceOptions {
  /** Default: Redis, at `REDIS_URL`. */
  infrastructure?: Infrastructure
  /** Whether to generate a password for the first admin when the configuration has none. */
  generateAdminPassword?: boolean
  /** Where no mail server is configured: keeps mail in memory, shows it at `/dev/mail` to this machine, and calls this with each. */
  onMail?: (mail: RenderedMail) => void
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
  const { publisher } = infrastructure
  const findFault = () => findSchemaFault(config.databaseUrl.reveal())
  await awaitSchema({ ...config, findFault, logger, metrics: httpMetrics })
  const mail = openMail(config, options.onMail)
  const stores = await openPostgresStores(config, mail)
  const { outbox } = stores
  const decoyKey = config.masterKeys[0].derive('password decoys v1')
  const decoys = { key: decoyKey, readCounts: stores.importedUsers.countHashes }
  const passwords = await startPasswords(config, decoys, logger)
  await stores.apiAdministration.create(firstApi(config.apiAudience), undefined)
  const firstAdmin = await ensureFirstAdmin(
    { users: stores.users, passwords, logger },
    {
      username: config.firstAdminUsername,
      password: config.firstAdminPassword?.reveal(),
      generate: options.generateAdminPassword === true
    }
  )
  const activity = createActivityRecorder({ store: stores.activity, logger })
  const feedStreams = createRevocationFeed({
    source: stores.revocationFeed,
    logger,
    maxStreams: config.revocationFeedStreams
  })
  const issuerMetrics = createIssuerMetrics({
    registry: httpMetrics.registry,
    countPendingRevocations: outbox.countUnpublished,
    countFeedStreams: () => feedStreams.count,
    countWaitingMail: mail && stores.mailOutbox.countWaiting,
    countWaitingLogouts: stores.backchannelLogouts.countWaiting
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
  const relay = startRevocationRelay({ outbox, publisher, logger, metrics, onCommitted: feed.add, sweepIntervalMs })
  const databaseWatch = watchDatabase({ findSchemaFault: stores.findSchemaFault, outbox, publisher, logger })
  await databaseWatch.firstLook
  const outboundFetch = createOutboundFetch({ privateNetworks: config.outboundPrivateNetworks })
  const logoutSender = startLogoutSender({
    logouts: stores.backchannelLogouts,
    logoutTokens: createLogoutTokens({ issuer: config.issuer, signingKeys: keys.signingKeys }),
    fetch: outboundFetch,
    mayRun: databaseWatch.isUsable,
    metrics,
    logger
  })
  const announcer: Announcer = {
    announce(entries) {
      const announced = relay.announce(entries)
      // Clients hear of the end of their sessions as soon as it is committed; verifiers come first.
      if (entries.some(({ kind }) => kind === 'sid')) logoutSender.wake()
      return announced
    },
    endRest: (endingId) => sessionEnder.endRest(endingId)
  }
  const sessionEnder = startSessionEnder({
    groups: announcing(stores.groupEndings, announcer),
    mayRun: databaseWatch.isUsable,
    logger
  })
  const housekeeping = startHousekeeping({
    expired: stores.expiredRows,
    endSessions: (signal) => endAllSessions(announcing(stores.sessionEndings, announcer), { signal }),
    deleteUsers: (signal) => settleDeletions(announcing(stores.pendingDeletions, announcer), signal),
    trimFeed: publisher.trim,
    mayRun: databaseWatch.isUsable,
    onRemoved: metrics.countRemoved,
    logger
  })
  const verifier = createOwnVerifier({
    issuer: config.issuer,
    signingKeys: keys.signingKeys,
    feed,
    outbox,
    replayCache: infrastructure.replayCache,
    metrics: httpMetrics,
    logger
  })
  const { accountMail } = stores
  const mailSender =
    mail &&
    accountMail &&
    startMailSender({
      ...mail,
      outbox: stores.mailOutbox,
      prepare: () => prepareAllMails([accountMail.resets, ...(accountMail.signIn ? [accountMail.signIn] : [])]),
      mayRun: databaseWatch.isUsable,
      metrics,
      logger,
      concurrency: smtpConnections
    })
  const firstTokens = createFirstTokens({ store: stores.firstTokens, logger })
  const failedAuthentications = createFailedAuthenticationLog({ store: stores.failedAuthentications, logger })
  const routes = routesOf(config.issuer)
  const given = { config, logger, infrastructure, stores }
  const recorders = { metrics, firstTokens, failedAuthentications }
  const started = {
    passwords,
    keys,
    clients,
    announcer,
    verifier,
    feedStreams,
    outboundFetch,
    mailSender,
    ...recorders
  }
  const deps = createEndpointDeps({ ...given, ...started })
  const isFeedIntact = async () => relay.isHealthy() && (await publisher.isIntact())
  const service = createHttpService({
    ...config,
    logger,
    metrics: httpMetrics,
    isOpen: databaseWatch.isUsable,
    healthChecks: [
      { name: 'database', required: true, check: stores.isReachable },
      { name: 'schema', required: true, check: databaseWatch.hasSchema },
      { name: 'database_age', required: true, check: databaseWatch.isCurrent },
      { name: 'revocation_feed', required: false, check: isFeedIntact }
    ],
    addRoutes(router) {
      addRoutes(router, routes, deps)
      addDescription(router, routes, config.issuer)
      if (mail?.capture) addCapturedMail(router, mail.capture)
    },
    onDraining: feedStreams.close,
    // In this order; each is closed even if the one before fails.
    closeStores: [
      mailSender ?? nothingToClose,
      sessionEnder,
      logoutSender,
      verifier,
      passwords,
      activity,
      failedAuthentications,
      firstTokens,
      housekeeping,
      databaseWatch,
      relay,
      keys,
      infrastructure,
      stores
    ].map((part) => () => part.close())
  })
  return Object.assign(service, { firstAdmin })
}

async function prepareAllMails(kinds: readonly Pick<RequestedMail, 'prepareMail'>[]): Promise<void> {
  for (const kind of kinds) while (await kind.prepareMail());
}
