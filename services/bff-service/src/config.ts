import {
  choiceVariable,
  connectionVariable,
  type Environment,
  integerVariable,
  listenVariables,
  logLevels,
  optional,
  readVariables,
  sharedKeyVariable,
  urlVariable,
  type Variable
} from '@countersign/service-kit'
import { mayReachApi, mayReachBrowser } from './proxy/header-names.ts'

/** Variables that may also come as a file, by `NAME_FILE`. */
export const secretVariables = ['REDIS_URL', 'FORWARDER_KEY']

const day = 86_400
const maxHeaderNames = 64

/** Everything the bff-service can be told. */
export const variables = {
  ...listenVariables({ port: 4002, managementPort: 9002 }),
  logLevel: choiceVariable('LOG_LEVEL', { fallback: 'info', choices: logLevels }),
  trustedProxyHops: integerVariable('TRUSTED_PROXY_HOPS', { fallback: 0, min: 0, max: 10, unit: 'proxies' }),
  publicUrl: siteVariable('PUBLIC_URL'),
  authUrl: urlVariable('AUTH_URL'),
  apiUrl: urlVariable('API_URL'),
  forwarderKey: optional(sharedKeyVariable('FORWARDER_KEY')),
  redisUrl: optional(connectionVariable('REDIS_URL', { schemes: ['redis', 'rediss'], example: 'redis://host:6379' })),
  sessionIdleSeconds: integerVariable('SESSION_IDLE_SECONDS', {
    fallback: 7 * day,
    min: 60,
    max: 365 * day,
    unit: 'seconds'
  }),
  sessionAbsoluteSeconds: integerVariable('SESSION_ABSOLUTE_SECONDS', {
    fallback: 30 * day,
    min: 60,
    max: 365 * day,
    unit: 'seconds'
  }),
  upstreamTimeoutSeconds: integerVariable('UPSTREAM_TIMEOUT_SECONDS', {
    fallback: 30,
    min: 1,
    max: 600,
    unit: 'seconds'
  }),
  upstreamIdleSeconds: integerVariable('UPSTREAM_IDLE_SECONDS', {
    fallback: 300,
    min: 1,
    max: 86_400,
    unit: 'seconds'
  }),
  proxyBodyLimitBytes: integerVariable('PROXY_BODY_LIMIT_BYTES', {
    fallback: 10 * 1024 * 1024,
    min: 0,
    max: 1024 ** 3,
    unit: 'bytes'
  }),
  proxyRequestHeaders: headerNamesVariable('PROXY_REQUEST_HEADERS', mayReachApi),
  proxyResponseHeaders: headerNamesVariable('PROXY_RESPONSE_HEADERS', mayReachBrowser)
}

/** Names of headers that pass the proxy besides those of docs/browser.md. */
function headerNamesVariable(name: string, mayPass: (header: string) => boolean): Variable<readonly string[]> {
  return {
    name,
    expects: `up to ${maxHeaderNames} header names, separated by commas, none of which docs/browser.md rules out`,
    fallback: { value: [] },
    parse(text) {
      const names = text.split(',').map((header) => header.trim().toLowerCase())
      return names.length <= maxHeaderNames && names.every(mayPass) ? [...new Set(names)] : undefined
    }
  }
}

/** The origin that browsers see. Over plain http a cookie is readable on its way, which does not matter on the browser's own machine. */
function siteVariable(name: string): Variable<string> {
  return {
    name,
    expects: 'the origin that browsers see: https://, or http:// on localhost, without a path',
    parse(text) {
      if (/\s/.test(text) || !URL.canParse(text)) return undefined
      const url = new URL(text)
      if (`${url.origin}/` !== url.href) return undefined
      return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
        ? url.origin
        : undefined
    }
  }
}

function isLoopback(hostname: string): boolean {
  return /^(?:localhost|[\w-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}

/**
 * Reads the configuration. Pure: the environment comes in, a frozen object goes out.
 * @throws {ConfigurationError} with every problem at once
 */
export function loadConfig(env: Environment) {
  return readVariables(env, variables)
}

export type Config = ReturnType<typeof loadConfig>
