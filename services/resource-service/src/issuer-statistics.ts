import { TemporarilyUnavailableError } from '@countersign/oauth'
import {
  createServiceTokenSource,
  type Fetch,
  fetchWithToken,
  ServiceTokenError,
  type ServiceTokenLogger
} from '@countersign/service-tokens'
import { readJsonResponse } from './json-response.ts'

export interface IssuerStatisticsOptions {
  /** The issuer's identifier, which is the audience of the token. */
  readonly issuer: string
  /** The address of the auth-service from here. */
  readonly authUrl: string
  readonly clientId: string
  /** PKCS#8 PEM or the text of a JWK; without it there are no statistics. */
  readonly privateKey: string | undefined
  readonly logger: ServiceTokenLogger
  readonly fetch?: Fetch
}

/** The statistics of the auth-service, read with this service's own token. */
export interface IssuerStatistics {
  /** @throws {TemporarilyUnavailableError} that says why: no key, no response, or a rejection */
  read(): Promise<Readonly<Record<string, unknown>>>
  close(): Promise<void>
}

const timeoutMilliseconds = 3_000
const maxBytes = 64 * 1024
/** The time for which the token source rejects callers after a failure. */
const retryAfterSeconds = 5

const causes = {
  noKey: 'this service has no key of its own (SERVICE_CLIENT_KEY)',
  unreachable: 'the auth-service cannot be reached',
  refused: 'the auth-service rejected the credentials of this service',
  unusable: 'the response of the auth-service cannot be used'
} as const

export function createIssuerStatistics(options: IssuerStatisticsOptions): IssuerStatistics {
  const { issuer, authUrl, clientId, privateKey, logger, fetch } = options
  if (privateKey === undefined) {
    return { read: () => Promise.reject(unavailable('noKey')), close: () => Promise.resolve() }
  }
  const tokens = createServiceTokenSource({
    issuer,
    tokenEndpoint: `${authUrl}/oauth/token`,
    clientId,
    privateKey,
    scope: 'statistics:read',
    resource: issuer,
    logger,
    fetch
  })
  return {
    async read() {
      const init: RequestInit = { signal: AbortSignal.timeout(timeoutMilliseconds), redirect: 'manual' }
      const response = await fetchWithToken(tokens, `${authUrl}/admin/statistics`, init, fetch).catch(rethrow)
      requireSuccess(response)
      return readJsonResponse(response, maxBytes).catch((cause: Error) => {
        // fetch throws a TypeError when a connection breaks within a response.
        if (cause.name === 'TimeoutError' || cause instanceof TypeError) rethrow(cause)
        throw unavailable('unusable', cause.message, cause)
      })
    },
    close: () => tokens.close()
  }
}

function requireSuccess({ status, body }: Response): void {
  if (status === 200) return
  // Frees the connection; nothing in the response is needed.
  body?.cancel().catch(() => {})
  const cause =
    status === 401 || status === 403 ? 'refused' : status === 429 || status >= 500 ? 'unreachable' : 'unusable'
  throw unavailable(cause, `/admin/statistics responded with ${status}`)
}

function rethrow(cause: unknown): never {
  if (!(cause instanceof ServiceTokenError)) throw unavailable('unreachable', nameOf(cause), cause)
  const isRefused = cause.code === 'ERR_TOKEN_ENDPOINT_REFUSED'
  const isUnusable = cause.code === 'ERR_TOKEN_ENDPOINT_RESPONSE'
  throw unavailable(isRefused ? 'refused' : isUnusable ? 'unusable' : 'unreachable', cause.message, cause)
}

/** `fetch failed` says nothing; the code behind it does. */
function nameOf(error: unknown): string {
  const { cause, name } = error as { cause?: { code?: unknown }; name?: unknown }
  return `no response from /admin/statistics: ${String(cause?.code ?? name)}`
}

function unavailable(which: keyof typeof causes, detail?: string, cause?: unknown): TemporarilyUnavailableError {
  return new TemporarilyUnavailableError({
    description: `There are no figures right now: ${causes[which]}.`,
    retryAfterSeconds,
    ...(detail === undefined ? {} : { detail }),
    cause
  })
}
