import { ConfigurationError } from '@countersign/service-kit'
import type { TokenTarget } from '../issuer/issuer-client.ts'
import { type ApiRoute, readRoutesFile } from './routes-file.ts'
import { createUpstream, type Upstream } from './upstream.ts'

/** An API that requests are passed on to. */
export interface Api {
  readonly prefix: string
  readonly upstream: Upstream
  readonly target: TokenTarget | undefined
}

export interface ApiSettings {
  readonly apiUrl?: string | undefined
  readonly routesFile?: string | undefined
  readonly upstreamTimeoutSeconds: number
  readonly upstreamIdleSeconds: number
}

const prefixOfApiUrl = '/api'

/**
 * Makes the APIs of `API_URL` and `ROUTES_FILE`, the longest prefix first.
 * @param reserved paths that no prefix may take
 * @throws {ConfigurationError} that lists every mistake in the file
 */
export async function createApis(settings: ApiSettings, reserved: readonly string[]): Promise<Api[]> {
  const { upstreamTimeoutSeconds: timeoutSeconds, upstreamIdleSeconds: idleSeconds } = settings
  const routes = await readRoutes(settings, reserved)
  return routes
    .sort((one, other) => other.prefix.length - one.prefix.length)
    .map((route) => ({
      prefix: route.prefix,
      upstream: createUpstream({ url: route.url, timeoutSeconds, idleSeconds }),
      target: targetOf(route)
    }))
}

async function readRoutes({ apiUrl, routesFile }: ApiSettings, reserved: readonly string[]): Promise<ApiRoute[]> {
  const routes = routesFile === undefined ? [] : await readRoutesFile(routesFile, reserved)
  // A route for the same prefix says more.
  const isTaken = routes.some(({ prefix }) => prefix === prefixOfApiUrl)
  if (apiUrl !== undefined && !isTaken) routes.push({ prefix: prefixOfApiUrl, url: apiUrl })
  if (routes.length === 0)
    throw new ConfigurationError(['API_URL is required without ROUTES_FILE: an http or https URL.'])
  return routes
}

function targetOf({ api, scopes }: ApiRoute): TokenTarget | undefined {
  return api === undefined ? undefined : { resource: api, ...(scopes && { scope: scopes.join(' ') }) }
}
