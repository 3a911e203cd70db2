import {
  ConfigurationError,
  createHttpService,
  createLogger,
  createMetrics,
  measurePropagation,
  measureVerifier,
  type Service
} from '@countersign/service-kit'
import { createAccessTokenVerifier, protectedResourceMetadataUrl, type RevocationOptions } from '@countersign/verifier'
import { type InProcessRevocationLog, inProcessRevocations } from '@countersign/verifier/in-process'
import { protectedResourceMetadata, requireAccessToken, requireRole } from '@countersign/verifier/koa'
import { redisRevocations } from '@countersign/verifier/redis'
import type { Config } from './config.ts'
import { greetAdmin } from './endpoints/admin-dashboard.ts'
import { answerMe } from './endpoints/me.ts'
import { greetEveryone } from './endpoints/public.ts'

export { type Config, loadConfig } from './config.ts'

/** What the embedded stack puts in place of Redis. */
export interface EmbeddedParts {
  revocationLog: InProcessRevocationLog
}

/**
 * Constructs the resource-service: the only place where its parts are made.
 * @param embedded given by the embedded stack alone; otherwise `REDIS_URL` is needed
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
    onPropagated: measurePropagation(metrics),
    logger
  })
  measureVerifier(metrics, verifier)
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
        resourceMetadata: protectedResourceMetadataUrl(resource),
        logger: (ctx) => ctx.state.log
      })
      router.get('/public', greetEveryone)
      router.get('/me', authenticate, answerMe)
      router.get('/admin/dashboard', authenticate, requireRole('admin'), greetAdmin)
      router.get(
        '/.well-known/oauth-protected-resource',
        protectedResourceMetadata({ resource, authorizationServers: [issuer] })
      )
    },
    closeStores: [() => verifier.close()]
  })
}

function revocations(config: Config, embedded: EmbeddedParts | undefined): RevocationOptions {
  const { whenStale, maxStalenessSeconds } = config
  if (embedded) return inProcessRevocations(embedded.revocationLog, { whenStale, maxStalenessSeconds })
  if (!config.redisUrl) throw new ConfigurationError(['REDIS_URL is required: a URL such as redis://host:6379.'])
  return redisRevocations({ url: config.redisUrl.reveal(), whenStale, maxStalenessSeconds })
}
