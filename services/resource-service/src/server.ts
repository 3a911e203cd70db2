import {
  ConfigurationError,
  createHttpService,
  createLogger,
  createMetrics,
  measurePropagation,
  measureVerifier,
  type Service
} from '@countersign/service-kit'
import {
  createAccessTokenVerifier,
  type DpopReplays,
  protectedResourceMetadataUrl,
  type RevocationOptions
} from '@countersign/verifier'
import { type InProcessRevocationLog, inProcessRevocations } from '@countersign/verifier/in-process'
import { protectedResourceMetadata, requireAccessToken, requireRole } from '@countersign/verifier/koa'
import { redisDpopReplays, redisRevocations } from '@countersign/verifier/redis'
import type { Config } from './config.ts'
import { showDashboard } from './endpoints/admin-dashboard.ts'
import { serveMe } from './endpoints/me.ts'
import { greetEveryone } from './endpoints/public.ts'
import { createIssuerStatistics } from './issuer-statistics.ts'

export { type Config, loadConfig } from './config.ts'

/** What the embedded stack uses instead of Redis. */
export interface EmbeddedParts {
  revocationLog: InProcessRevocationLog
}

/**
 * Constructs the resource-service: the only place where its parts are made.
 * @param embedded only for the embedded stack; otherwise `REDIS_URL` is required
 */
export async function createResourceService(config: Config, embedded?: EmbeddedParts): Promise<Service> {
  const logger = createLogger({ service: 'resource-service', level: config.logLevel })
  const metrics = createMetrics('resource-service')
  const { issuer, apiAudience: resource } = config
  const verifier = createAccessTokenVerifier({
    issuer,
    audience: resource,
    jwksUri: config.jwksUrl,
    revocations: revocations(config, embedded),
    dpop: { replays: dpopReplays(config) },
    onPropagated: measurePropagation(metrics),
    logger
  })
  measureVerifier(metrics, verifier)
  const statistics = createIssuerStatistics({
    issuer,
    authUrl: config.authUrl ?? issuer,
    clientId: config.serviceClientId,
    privateKey: config.serviceClientKey?.reveal(),
    logger
  })
  let hasStarted = false
  verifier.ready().then(
    () => {
      hasStarted = true
    },
    () => {} // closed before it was ready
  )
  return createHttpService({
    ...config,
    logger,
    metrics,
    healthChecks: [
      { name: 'started', required: true, check: () => hasStarted },
      {
        name: 'revocation_view',
        required: false,
        check: () => (verifier.status().revocations?.stalenessSeconds ?? Infinity) <= config.maxStalenessSeconds
      },
      { name: 'key_set', required: false, check: () => verifier.status().keys.consecutiveFailures === 0 }
    ],
    addRoutes(router) {
      const authenticate = requireAccessToken(verifier, {
        // A resource is named by the URL under which clients find it (RFC 8707 §2); never by the headers of a request.
        publicUrl: config.publicUrl ?? resource,
        resourceMetadata: protectedResourceMetadataUrl(resource),
        logger: (ctx) => ctx.state.log
      })
      router.get('/public', greetEveryone)
      router.get('/me', authenticate, serveMe)
      router.get('/admin/dashboard', authenticate, requireRole('admin'), showDashboard(statistics))
      router.get(
        new URL(protectedResourceMetadataUrl(resource)).pathname,
        protectedResourceMetadata({ resource, authorizationServers: [issuer] })
      )
    },
    closeStores: [() => statistics.close(), () => verifier.close()]
  })
}

function revocations(config: Config, embedded: EmbeddedParts | undefined): RevocationOptions {
  const { whenStale, maxStalenessSeconds } = config
  if (embedded) return inProcessRevocations(embedded.revocationLog, { whenStale, maxStalenessSeconds })
  if (!config.redisUrl) throw new ConfigurationError(['REDIS_URL is required: a URL such as redis://host:6379.'])
  return redisRevocations({ url: config.redisUrl.reveal(), whenStale, maxStalenessSeconds })
}

/** `undefined` for the verifier's own, which is in this process: the embedded stack has only one. */
function dpopReplays({ redisUrl }: Config): DpopReplays | undefined {
  return redisUrl && redisDpopReplays({ url: redisUrl.reveal() })
}
