import {
  ConfigurationError,
  createHttpService,
  createLogger,
  createMetrics,
  type Logger,
  type Service
} from '@countersign/service-kit'
import { openRedisConnection, type RedisConnection } from '@countersign/service-kit/redis'
import compose from 'koa-compose'
import type { Config } from './config.ts'
import { addRoutes } from './endpoints/routes.ts'
import { createIssuerClient } from './issuer/issuer-client.ts'
import { createBffMetrics } from './metrics.ts'
import { answerUnknownPage } from './pages/pages.ts'
import { loadWebAssets } from './pages/web-assets.ts'
import { createUpstream } from './proxy/upstream.ts'
import { longestArrivalMs } from './requests/arrival-limits.ts'
import { limitArrival } from './requests/limit-arrival.ts'
import { requirePublicSite } from './requests/require-public-site.ts'
import { setTransportSecurity } from './requests/set-transport-security.ts'
import { createSiteCookies } from './requests/site-cookies.ts'
import { createInProcessSessionStore } from './sessions/in-process-session-store.ts'
import { startPendingSignOuts } from './sessions/pending-sign-outs.ts'
import { createRedisSessionStore } from './sessions/redis-session-store.ts'
import { createSessionService } from './sessions/session-service.ts'
import type { SessionStore } from './sessions/session-store.ts'

export { type Config, loadConfig } from './config.ts'

const webFolder = new URL('../web/dist/', import.meta.url)
const signOutIntervalMs = 1_000

/** What the embedded stack uses instead of Redis. */
export interface EmbeddedParts {
  /** Browser sessions live in this process, and end with it. */
  keepSessionsInProcess: true
}

/**
 * Constructs the bff-service: the only place where its parts are made.
 * @param embedded only for the embedded stack; otherwise `REDIS_URL` is required
 */
export async function createBffService(config: Config, embedded?: EmbeddedParts): Promise<Service> {
  const { authUrl, apiUrl, publicUrl, forwarderKey } = config
  const adaptiveTimeout = { timeoutSeconds: config.upstreamTimeoutSeconds, idleSeconds: config.upstreamIdleSeconds }
  const logger = createLogger({ service: 'bff-service', level: config.logLevel })
  const metrics = createMetrics('bff-service')
  const assets = await loadWebAssets(webFolder)
  const { store, redis } = openSessionStore(config, logger, embedded)
  const issuer = createIssuerClient({ authUrl, forwarderKey })
  const clock = { now: Date.now }
  const pendingSignOuts = startPendingSignOuts({ logger, intervalMs: signOutIntervalMs, clock })
  const sessions = createSessionService({
    store,
    issuer,
    logger,
    pendingSignOuts,
    metrics: createBffMetrics(metrics.registry),
    idleSeconds: config.sessionIdleSeconds,
    absoluteSeconds: config.sessionAbsoluteSeconds,
    clock
  })
  const cookies = createSiteCookies(config)
  const api = createUpstream({ url: apiUrl, ...adaptiveTimeout })
  const auth = createUpstream({ url: authUrl, ...adaptiveTimeout, forwarderKey })
  const requireSite = compose([limitArrival(config), setTransportSecurity(publicUrl), requirePublicSite(config)])
  return createHttpService({
    host: config.host,
    port: config.port,
    managementHost: config.managementHost,
    managementPort: config.managementPort,
    shutdownDelaySeconds: config.shutdownDelaySeconds,
    trustedProxyHops: config.trustedProxyHops,
    requestTimeoutMs: longestArrivalMs(config.proxyBodyLimitBytes),
    takesRequestIds: false, // a browser could write anything into the logs of every service behind
    logger,
    metrics,
    healthChecks: [{ name: 'sessions', required: false, check: () => store.check() }],
    addRoutes: (router) => addRoutes(router, { ...config, requireSite, sessions, cookies, issuer, assets, api, auth }),
    answerUnmatched: compose([requireSite, answerUnknownPage(assets)]),
    closeStores: [
      () => Promise.all([sessions.settle(), pendingSignOuts.close()]),
      () => api.close(),
      () => auth.close(),
      () => redis?.destroy()
    ]
  })
}

function openSessionStore(
  { redisUrl }: Config,
  logger: Logger,
  embedded: EmbeddedParts | undefined
): { store: SessionStore; redis?: RedisConnection } {
  if (embedded) return { store: createInProcessSessionStore() }
  if (!redisUrl) throw new ConfigurationError(['REDIS_URL is required: a URL such as redis://host:6379.'])
  const redis = openRedisConnection(redisUrl.reveal(), logger)
  return { store: createRedisSessionStore(redis), redis }
}
