import { createHttpService, createLogger, createMetrics, type Service } from '@countersign/service-kit'
import type { Config } from './config.ts'
import { startPage } from './endpoints/start-page.ts'

export { type Config, loadConfig } from './config.ts'

/** Constructs the bff-service: the only place where its parts are made. */
export async function createBffService(config: Config): Promise<Service> {
  const { host, port, trustedProxyHops } = config
  return createHttpService({
    host,
    port,
    trustedProxyHops,
    logger: createLogger({ service: 'bff-service', level: config.logLevel }),
    metrics: createMetrics('bff-service'),
    healthChecks: [],
    addRoutes: (router) => router.get('/', startPage(config)),
    closeStores: []
  })
}
