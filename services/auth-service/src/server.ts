import { createHttpService, createLogger, createMetrics, type Service } from '@countersign/service-kit'
import { ensureFirstAdmin, type FirstAdmin } from './accounts/first-admin.ts'
import { firstApi } from './apis/api.ts'
import { awaitSchema } from './await-schema.ts'
import { startBackgroundWork } from './background-work.ts'
import { createClientCache } from './clients/client-cache.ts'
import type { Config } from './config.ts'
import { createEndpointDeps } from './endpoints/endpoint-deps.ts'
import { routesOf } from './endpoints/routes.ts'
import { type Infrastructure, openRedisInfrastructure } from './infrastructure.ts'
import { startKeys } from './keys/start-keys.ts'
import type { RenderedMail } from './mail/mail.ts'
import { openMail } from './mail/open-mail.ts'
import { createOutboundFetch } from './outbound/outbound-fetch.ts'
import { startPasswords } from './passwords/start-passwords.ts'
import { createRecorders } from './recorders.ts'
import { createRevocationFeed } from './revocation/feed/revocation-feed.ts'
import { addCapturedMail } from './routing/add-captured-mail.ts'
import { addDescription } from './routing/add-description.ts'
import { addRoutes } from './routing/add-routes.ts'
import { startRevocation } from './start-revocation.ts'
import { findSchemaFault } from './stores/postgres/database-migration.ts'
import { openPostgresStores } from './stores/postgres/open-stores.ts'
import { createOwnVerifier } from './tokens/own-verifier.ts'

export type { FirstAdmin } from './accounts/first-admin.ts'
export { type Config, loadConfig } from './config.ts'
export { createInProcessInfrastructure, type Infrastructure } from './infrastructure.ts'

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
  const { issuer } = config
  const logger = createLogger({ service: 'auth-service', level: config.logLevel })
  const httpMetrics = createMetrics('auth-service')
  const infrastructure = options.infrastructure ?? openRedisInfrastructure(config, logger)
  const findFault = () => findSchemaFault(config.databaseUrl.reveal())
  await awaitSchema({ ...config, findFault, logger, metrics: httpMetrics })
  const mail = openMail(config, options.onMail)
  const stores = await openPostgresStores(config, mail)
  const decoyKey = config.masterKeys[0].derive('password decoys v1')
  const decoys = { key: decoyKey, readCounts: stores.importedUsers.countHashes }
  const passwords = await startPasswords(config, decoys, logger)
  await stores.apiAdministration.create(firstApi(config.apiAudience), undefined)
  const { firstAdminUsername: username, firstAdminPassword } = config
  const toMake = { username, password: firstAdminPassword?.reveal(), generate: options.generateAdminPassword === true }
  const firstAdmin = await ensureFirstAdmin({ users: stores.users, passwords, logger }, toMake)
  const maxStreams = config.revocationFeedStreams
  const feedStreams = createRevocationFeed({ source: stores.revocationFeed, logger, maxStreams })
  const { parts, ...recorders } = createRecorders({ stores, feedStreams, mail, httpMetrics, logger })
  const { metrics } = recorders
  const keys = await startKeys({ config, store: stores.signingKeys, onRound: metrics.showKeys, logger })
  const clients = createClientCache({ store: stores.clients, seconds: config.clientCacheSeconds })
  const revocation = await startRevocation({ stores, infrastructure, clients, feedStreams, metrics, logger })
  const { databaseWatch, relay, feed } = revocation
  const outboundFetch = createOutboundFetch({ privateNetworks: config.outboundPrivateNetworks })
  const shared = { stores, infrastructure, keys, outboundFetch, metrics, logger }
  const background = startBackgroundWork({ ...shared, issuer, revocation, mail })
  const verifier = createOwnVerifier({
    issuer,
    signingKeys: keys.signingKeys,
    feed,
    outbox: stores.outbox,
    replayCache: infrastructure.replayCache,
    metrics: httpMetrics,
    logger
  })
  const { announcer, mailSender } = background
  const started = { passwords, clients, announcer, verifier, feedStreams, mailSender, ...recorders }
  const deps = createEndpointDeps({ config, ...shared, ...started })
  const routes = routesOf(issuer)
  const service = createHttpService({
    ...config,
    logger,
    metrics: httpMetrics,
    isOpen: databaseWatch.isUsable,
    healthChecks: [
      { name: 'database', required: true, check: stores.isReachable },
      { name: 'schema', required: true, check: databaseWatch.hasSchema },
      { name: 'database_age', required: true, check: databaseWatch.isCurrent },
      { name: 'revocation_feed', required: false, check: revocation.isIntact }
    ],
    addRoutes(router) {
      addRoutes(router, routes, deps)
      addDescription(router, routes, issuer)
      if (mail?.capture) addCapturedMail(router, mail.capture)
    },
    onDraining: feedStreams.close,
    // In this order; each is closed even if the one before fails.
    closeStores: [
      ...background.parts,
      verifier,
      passwords,
      ...parts,
      databaseWatch,
      relay,
      keys,
      infrastructure,
      stores
    ].map((part) => () => part.close())
  })
  return Object.assign(service, { firstAdmin })
}
