import { logLevels } from '../logger.ts'
import { oneOf, shortText, wholeNumber } from './variable-schemas.ts'

/** The variables of every service: where it listens, where its health and metrics are, how it stops, what it logs and trusts. */
export function serviceVariables({ port, managementPort }: { port: number; managementPort: number }) {
  return {
    host: {
      name: 'HOST',
      schema: shortText('the address to listen on').default('0.0.0.0'),
      description: 'the address to listen on'
    },
    port: {
      name: 'PORT',
      schema: wholeNumber({ min: 0, max: 65_535 }).default(port),
      description: 'the port to listen on'
    },
    managementHost: {
      name: 'MANAGEMENT_HOST',
      schema: shortText('the address to listen on for health and metrics').optional(),
      defaultText: '`HOST`',
      description: 'the address to listen on for health and metrics'
    },
    managementPort: {
      name: 'MANAGEMENT_PORT',
      schema: wholeNumber({ min: 0, max: 65_535 }).default(managementPort),
      description: 'the port of health and metrics; 0 uses a free one'
    },
    shutdownDelaySeconds: {
      name: 'SHUTDOWN_DELAY_SECONDS',
      schema: wholeNumber({ min: 0, max: 300, unit: 'seconds' }).default(5),
      description:
        'how long it accepts requests after `SIGTERM`, until load balancers have noticed that it is not ready'
    },
    logLevel: {
      name: 'LOG_LEVEL',
      schema: oneOf(logLevels).default('info'),
      description: '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`'
    },
    trustedProxyHops: {
      name: 'TRUSTED_PROXY_HOPS',
      schema: wholeNumber({ min: 0, max: 10, unit: 'proxies' }).default(0),
      description: 'how many proxies in front append to `X-Forwarded-For`'
    }
  }
}
