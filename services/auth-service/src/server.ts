import { endpointOf } from '@countersign/oauth'
import {
  ConfigurationError,
  createHttpService,
  createLogger,
  createMetrics,
  type Logger,
  measurePropagation,
  measureVerifier,
  type Service
} from '@countersign/service-kit'
import { openRedisConnection, type RedisConnection } from '@countersign/service-kit/redis'
import { anyAudience, createAccessTokenVerifier, type RevocationFeed } from '@countersign/verifier'
import { type InProcessRevocationLog, inProcessRevocations } from '@countersign/verifier/in-process'
import { requireAccessToken, requireRole } from '@countersign/verifier/koa'
import { createRedisRevocationFeed } from '@countersign/verifier/redis'
import compose from 'koa-compose'
import { adminRole, ensureFirstAdmin, type FirstAdmin } from './accounts/first-admin.ts'
import { createFailedAuthenticationLog } from './audit/failed-authentications.ts'
import { createClientCache } from './clients/client-cache.ts'
import { createClientKeys } from './clients/client-keys.ts'
import { firstPartyClientId } from './clients/client-rules.ts'
import type { Config } from './config.ts'
import { accountScope, requireInPerson, requireUser } from './endpoints/require-user.ts'
import { addRoutes } from './endpoints/routes.ts'
import { startHousekeeping } from './housekeeping/housekeeping.ts'
import { isUuid } from './identifiers.ts'
import { generateSigningKey } from './keys/generate-signing-key.ts'
import { keyPolicy } from './keys/key-policy.ts'
import { startKeySchedule } from './keys/key-schedule.ts'
import { createKeySealing } from './keys/key-sealing.ts'
import { createSigningKeyAdministration } from './keys/signing-key-administration.ts'
import { openSigningKeys } from './keys/signing-keys.ts'
import { createIssuerMetrics } from './metrics.ts'
import { createOutboundFetch } from './outbound/outbound-fetch.ts'
import { createAdmissionGate, warnOfTurnedAway } from './passwords/admission-gate.ts'
import { createPasswordHashing } from './passwords/password-hashing.ts'
import { startPasswordThreads } from './passwords/password-threads.ts'
import { observeFeed } from './revocation/observed-feed.ts'
import type { RevocationOutbox } from './revocation/revocation-outbox.ts'
import type { RevocationPublisher } from './revocation/revocation-publisher.ts'
import { startRevocationRelay } from './revocation/revocation-relay.ts'
import { coalesceRefreshes } from './sessions/coalesce-refreshes.ts'
import { createRefreshTokenCodec } from './sessions/refresh-tokens.ts'
import { createDeviceTokenCodec } from './sign-in/device-tokens.ts'
import { createSignInLimits } from './sign-in/sign-in-limits.ts'
import { createActivityRecorder } from './statistics/activity-recorder.ts'
import { recordActivity } from './statistics/recorded-metrics.ts'
import { createInProcessAttemptCounters } from './stores/in-process/attempt-counters.ts'
import { createInProcessReplayCache } from './stores/in-process/replay-cache.ts'
import { createInProcessRevocationPublisher } from './stores/in-process/revocation-publisher.ts'
import { createPrismaActivity } from './stores/postgres/activity.ts'
import { createPrismaAuditLog } from './stores/postgres/audit-log.ts'
import { createPrismaClientAdministration, createPrismaClientStore } from './stores/postgres/clients.ts'
import { openDatabase, openDatabasePool, openDatabaseProbe } from './stores/postgres/database.ts'
import { requireNoDroppedSlashes } from './stores/postgres/dropped-slashes.ts'
import { createPrismaExpiredRows } from './stores/postgres/expired-rows.ts'
import { createPrismaFailedAuthentications } from './stores/postgres/failed-authentications.ts'
import { createPreparedStatements } from './stores/postgres/prepared-statements.ts'
import { createPrismaRefreshTokenFamilies } from './stores/postgres/refresh-token-families.ts'
import { createPrismaRevocationOutbox } from './stores/postgres/revocation-outbox.ts'
import { createPrismaSigningKeyStore } from './stores/postgres/signing-key-store.ts'
import { createPrismaStatistics } from './stores/postgres/statistics.ts'
import { createPrismaUserAdministration } from './stores/postgres/user-administration.ts'
import { createPrismaUserStore } from './stores/postgres/user-store.ts'
import { createRedisAttemptCounters } from './stores/redis/attempt-counters.ts'
import { createRedisReplayCache } from './stores/redis/replay-cache.ts'
import { createRedisRevocationPublisher } from './stores/redis/revocation-publisher.ts'
import { createAccessTokenIssuer } from './tokens/access-tokens.ts'
import { createDpopNonces } from './tokens/dpop-nonces.ts'
import { requireIssuedForm } from './tokens/issued-form.ts'
import { createOwnAccessTokens, forAudience } from './tokens/own-access-tokens.ts'

export type { FirstAdmin } from './accounts/first-admin.ts'
export { type Config, loadConfig } from './config.ts'

const sweepIntervalMs = 1000
/** How often this replica looks after the signing keys. */
const keyRoundIntervalMs = 5000
/** Three rounds missed: this replica was paused. */
const longestKeyAgeMs = 15_000
const housekeepingIntervalMs = 60_000
/** How far the figures of activity are behind. */
const activitySaveMs = 2000

/** What the embedded stack puts in place of Redis and of an operator. */
export interface EmbeddedParts {
  /** Carries revocations to the services of the same process. */
  revocationLog: InProcessRevocationLog
  /** Makes up a password for the first admin when the configuration has none. */
  generateAdminPassword: boolean
}

export interface AuthService extends Service {
  /** Set when this start made the first admin. */
  readonly firstAdmin: FirstAdmin | undefined
}

/** What carries revocations to the verifiers, and back to this service's own. */
interface Transport {
  publisher: RevocationPublisher
  feed: RevocationFeed
  redis: RedisConnection | undefined
}

/**
 * Constructs the auth-service: the only place where its parts are made.
 * @param embedded given by the embedded stack alone; otherwise `REDIS_URL` is needed
 */
export async function createAuthService(config: Config, embedded?: EmbeddedParts): Promise<AuthService> {
  const logger = createLogger({ service: 'auth-service', level: config.logLevel })
  const metrics = createMetrics('auth-service')
  const transport = embedded ? inProcessTransport(embedded) : redisTransport(config, logger)
  const pool = openDatabasePool({ url: config.databaseUrl.reveal(), connections: config.databaseConnections })
  const database = openDatabase(pool)
  const databaseProbe = openDatabaseProbe(config.databaseUrl.reveal())
  await requireNoDroppedSlashes(database, { ISSUER: config.issuer, API_AUDIENCE: config.apiAudience })
  const preparedStatements = createPreparedStatements(pool)
  const users = createPrismaUserStore(database, preparedStatements)
  const storedFamilies = createPrismaRefreshTokenFamilies(database, preparedStatements, config)
  const families = { ...storedFamilies, refresh: coalesceRefreshes(storedFamilies.refresh) }
  const outbox = createPrismaRevocationOutbox(database)
  const { passwordHashConcurrency: concurrency, passwordHashQueue: queueLimit } = config
  const passwordThreads = startPasswordThreads(concurrency)
  const gate = createAdmissionGate({ concurrency, queueLimit, onTurnedAway: warnOfTurnedAway(logger) })
  const passwords = await createPasswordHashing(gate, passwordThreads)
  const firstAdmin = await ensureFirstAdmin(
    { users, passwords },
    {
      username: config.firstAdminUsername,
      password: config.firstAdminPassword?.reveal(),
      generate: embedded?.generateAdminPassword ?? false
    }
  )
  if (firstAdmin) logger.info({ username: firstAdmin.username }, 'made the first admin')
  else if (!(await users.hasUserWithRole(adminRole))) {
    logger.warn('there is no admin; COUNTERSIGN_ADMIN_PASSWORD makes the first one at the next start')
  }
  const activity = createPrismaActivity(database)
  const activityRecorder = createActivityRecorder({ store: activity, logger, saveAfterMs: activitySaveMs })
  const issuerMetrics = recordActivity(
    createIssuerMetrics({
      registry: metrics.registry,
      countPendingRevocations: () => outbox.countUnpublished()
    }),
    activityRecorder
  )
  const sealing = createKeySealing(config.masterKeys)
  const keyStore = createPrismaSigningKeyStore(database)
  const policy = keyPolicy(config)
  const keyAdministration = createSigningKeyAdministration({
    store: keyStore,
    sealing,
    policy,
    generate: () => generateSigningKey(sealing, Number(config.signingKeyBits))
  })
  // Before anything is changed: a wrong master key must not touch the keys.
  const signingKeys = await openSigningKeys({
    store: keyStore,
    sealing,
    logger,
    // A key set that is published is younger than the youngest key that may sign.
    maxAgeMs: Math.min(longestKeyAgeMs, (policy.leadSeconds * 1000) / 2)
  })
  for (const kid of await keyAdministration.reencrypt()) {
    logger.info({ kid }, 'signing key was resealed under the current master key')
  }
  const keySchedule = await startKeySchedule({
    administration: keyAdministration,
    signingKeys,
    logger,
    onRound: issuerMetrics.showKeys,
    intervalMs: keyRoundIntervalMs
  })
  // Another replica may have started on the empty database at the same moment, with another master key.
  const [sealedKeyError] = signingKeys.unopened()
  if (sealedKeyError) throw sealedKeyError
  const clients = createClientCache({
    store: createPrismaClientStore(preparedStatements),
    seconds: config.clientCacheSeconds
  })
  const feed = observeFeed(transport.feed, { onRevoked: clients.forget, onFollowing: clients.setFollowing })
  const relay = startRevocationRelay({
    outbox,
    publisher: transport.publisher,
    logger,
    metrics: issuerMetrics,
    onUnpublished: feed.add,
    sweepIntervalMs
  })
  const housekeeping = startHousekeeping({
    expired: createPrismaExpiredRows(database, config),
    trimFeed: () => transport.publisher.trim(),
    onRemoved: issuerMetrics.countRemoved,
    logger,
    intervalMs: housekeepingIntervalMs
  })
  const replayCache = transport.redis ? createRedisReplayCache(transport.redis) : createInProcessReplayCache()
  const verifierOfSignatures = createAccessTokenVerifier({
    issuer: config.issuer,
    // It introspects and exchanges tokens for all services; its own routes take those that are for itself.
    audience: anyAudience,
    keys: signingKeys.verificationKeys,
    // This service has the truth at hand: while its view is stale, it asks Postgres.
    revocations: { feed: withDirectCheck(feed, outbox), whenStale: 'check' },
    dpop: { replays: { markUsed: (replayKey, expiresAt) => replayCache.markUsed('dpop_proof', replayKey, expiresAt) } },
    onPropagated: measurePropagation(metrics),
    logger
  })
  measureVerifier(metrics, verifierOfSignatures)
  const verifier = requireIssuedForm(verifierOfSignatures)
  const requireAnyToken = requireAccessToken(forAudience(verifier, config.issuer), {
    publicUrl: config.issuer,
    logger: (ctx) => ctx.state.log
  })
  const requireUserToken = compose([requireAnyToken, requireUser])
  const requireUserInPerson = compose([requireUserToken, requireInPerson])
  const requireAdmin = compose([requireUserInPerson, requireRole(adminRole)])
  const counters = transport.redis
    ? createRedisAttemptCounters({ redis: transport.redis, logger })
    : createInProcessAttemptCounters()
  const { issuer, accessTokenTtlSeconds } = config
  const failedAuthentications = createFailedAuthenticationLog({
    store: createPrismaFailedAuthentications(database),
    logger
  })
  const outboundFetch = createOutboundFetch({ privateNetworks: config.outboundPrivateNetworks })
  const common = {
    issuer,
    accessTokenTtlSeconds,
    families,
    clients,
    relay,
    outbox,
    metrics: issuerMetrics,
    signingKeys,
    jwksMaxAgeSeconds: config.jwksMaxAgeSeconds,
    accessTokens: createAccessTokenIssuer({ issuer, signingKey: signingKeys.signingKey }),
    refreshTokens: createRefreshTokenCodec(config.masterKeys),
    ownTokens: createOwnAccessTokens(verifier),
    proofs: {
      issuer,
      replayCache,
      nonces: config.dpopNonce === 'required' ? createDpopNonces(config.masterKeys) : undefined
    },
    clientAuthentication: {
      clients,
      keys: createClientKeys({ fetch: outboundFetch, logger }),
      replayCache,
      failures: failedAuthentications,
      audiences: [issuer, endpointOf(issuer, '/oauth/token')]
    }
  }
  const service = createHttpService({
    ...config,
    logger,
    metrics,
    healthChecks: [
      { name: 'database', required: true, check: databaseProbe.isReachable },
      {
        name: 'revocation_feed',
        required: false,
        check: async () => relay.isHealthy() && (await transport.publisher.isIntact())
      }
    ],
    addRoutes: (router) =>
      addRoutes(router, {
        issuer,
        oauth: common,
        account: {
          ...common,
          firstParty: { clientId: firstPartyClientId, scope: accountScope, audience: [config.apiAudience, issuer] },
          users,
          passwords,
          devices: createDeviceTokenCodec(config.masterKeys),
          limits: createSignInLimits({ counters, settings: config, recognize: families.recognize }),
          registration: config.registration,
          counters,
          registrationsPerAddress: config.registrationsPerAddress,
          requireAccessToken: requireUserToken,
          requireUserInPerson
        },
        admin: {
          ...common,
          administration: createPrismaUserAdministration(database),
          clientAdministration: createPrismaClientAdministration(database),
          keyAdministration,
          keySchedule,
          statistics: createPrismaStatistics(database),
          activity,
          auditLog: createPrismaAuditLog(database),
          requireAdmin,
          requireAnyToken
        }
      }),
    // In this order, each one although the one before may fail.
    closeStores: [
      () => verifier.close(),
      () => passwordThreads.close(),
      () => activityRecorder.close(),
      () => failedAuthentications.close(),
      () => housekeeping.close(),
      () => relay.close(),
      () => keySchedule.close(),
      () => signingKeys.close(),
      () => transport.publisher.close(),
      () => transport.redis?.destroy(),
      () => databaseProbe.close(),
      () => database.$disconnect()
    ]
  })
  return Object.assign(service, { firstAdmin })
}

function inProcessTransport({ revocationLog }: EmbeddedParts): Transport {
  return {
    publisher: createInProcessRevocationPublisher(revocationLog),
    feed: inProcessRevocations(revocationLog).feed,
    redis: undefined
  }
}

function redisTransport(config: Config, logger: Logger): Transport {
  if (!config.redisUrl) throw new ConfigurationError(['REDIS_URL is required: a URL such as redis://host:6379.'])
  const url = config.redisUrl.reveal()
  const redis = openRedisConnection(url, logger)
  return {
    publisher: createRedisRevocationPublisher({ url }),
    feed: createRedisRevocationFeed({ url }),
    redis
  }
}

/** An identifier that this issuer cannot have made counts as revoked, and does not reach the database. */
function withDirectCheck(feed: RevocationFeed, outbox: RevocationOutbox): RevocationFeed {
  return {
    ...feed,
    checkDirectly: async (identifiers) => {
      const { jti, sid, actors = [] } = identifiers
      return ![jti, sid, ...actors].every(isUuid) || outbox.isAnyRevoked(identifiers)
    }
  }
}
