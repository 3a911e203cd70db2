import {
  ConfigurationError,
  createHttpService,
  createLogger,
  createMetrics,
  type Service
} from '@countersign/service-kit'
import compose from 'koa-compose'
import { createApp } from './app/app.ts'
import { type Config, pagesPathOf } from './config.ts'
import { addRoutes } from './endpoints/routes.ts'
import { reservedPaths, respondToUnmatchedPath } from './endpoints/unmatched-paths.ts'
import { createIssuerClient } from './issuer/issuer-client.ts'
import { listenForRevocations, type OnRevoked } from './issuer/revocation-listener.ts'
import { createBffMetrics } from './metrics.ts'
import { loadBranding } from './pages/branding.ts'
import { loadWebAssets } from './pages/web-assets.ts'
import { createApis } from './proxy/apis.ts'
import { createUpstream } from './proxy/upstream.ts'
import { longestArrivalMs } from './requests/arrival-limits.ts'
import { limitArrival } from './requests/limit-arrival.ts'
import { requirePublicSite } from './requests/require-public-site.ts'
import { setTransportSecurity } from './requests/set-transport-security.ts'
import { createSiteCookies } from './requests/site-cookies.ts'
import { createLiveConnections } from './sessions/live-connections.ts'
import { openSessionStore } from './sessions/open-session-store.ts'
import { startPendingSignOuts } from './sessions/pending-sign-outs.ts'
import { createSessionService } from './sessions/session-service.ts'

export { type Config, loadConfig, pagesPathOf } from './config.ts'

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
  const { authUrl, publicUrl, forwarderKey } = config
  const timeouts = { timeoutSeconds: config.upstreamTimeoutSeconds, idleSeconds: config.upstreamIdleSeconds }
  const logger = createLogger({ service: 'bff-service', level: config.logLevel })
  const metrics = createMetrics('bff-service')
  const app = await createApp(config)
  const pagesPath = pagesPathOf(config)
  if (app && pagesPath === '/')
    throw new ConfigurationError(['PAGES_PATH is / and so is the app: choose another path.'])
  const apis = await createApis(config, reservedPaths(pagesPath, app !== undefined))
  const assets = await loadWebAssets(webFolder, pagesPath, await loadBranding(config))
  const { store, redis } = openSessionStore(config, logger, embedded !== undefined)
  const issuer = createIssuerClient({ authUrl, forwarderKey })
  const clock = { now: Date.now }
  const pendingSignOuts = startPendingSignOuts({ logger, intervalMs: signOutIntervalMs, clock })
  const bffMetrics = createBffMetrics(metrics.registry, () => liveConnections.count)
  const sessions = createSessionService({
    store,
    issuer,
    logger,
    pendingSignOuts,
    metrics: bffMetrics,
    idleSeconds: config.sessionIdleSeconds,
    absoluteSeconds: config.sessionAbsoluteSeconds,
    clock
  })
  const listen = (onRevoked: OnRevoked) => listenForRevocations({ authUrl, forwarderKey, logger, onRevoked })
  const liveConnections = createLiveConnections({ sessions, listen, clock })
  const cookies = createSiteCookies(config)
  const auth = createUpstream({ url: authUrl, ...timeouts, forwarderKey })
  const requireSite = compose([limitArrival(config), setTransportSecurity(publicUrl), requirePublicSite(config)])
  const deps = {
    ...config,
    requireSite,
    sessions,
    liveConnections,
    cookies,
    issuer,
    assets,
    pagesPath,
    apis,
    auth,
    app
  }
  return createHttpService({
    host: config.host,
    port: config.port,
    managementHost: config.managementHost,
    managementPort: config.managementPort,
    shutdownDelaySeconds: config.shutdownDelaySeconds,
    trustedProxyHops: config.trustedProxyHops,
    requestTimeoutMs: longestArrivalMs(config.proxyBodyLimitBytes),
    takesRequestIds: false, // a browser could write anything into the logs of every service behind
    takesUpgrades: true,
    logger,
    metrics,
    healthChecks: [{ name: 'sessions', required: false, check: () => store.check() }],
    addRoutes: (router) => addRoutes(router, deps),
    respondToUnmatched: respondToUnmatchedPath(deps),
    onDraining: () => liveConnections.endAll(),
    closeStores: [
      () => liveConnections.close(),
      () => Promise.all([sessions.settle(), pendingSignOuts.close()]),
      () => Promise.all([...apis.map(({ upstream }) => upstream.close()), auth.close(), app?.close()]),
      () => redis?.destroy()
    ]
  })
}
