import { TemporarilyUnavailableError } from '@countersign/oauth'
import {
  createServiceTokenSource,
  type Fetch,
  fetchWithToken,
  ServiceTokenError,
  type ServiceTokenLogger
} from '@countersign/service-tokens'
import { readJsonAnswer } from './json-answer.ts'

export interface IssuerStatisticsOptions {
  /** The issuer's identifier: what the token is for. */
  readonly issuer: string
  /** Where the auth-service is reached from here. */
  readonly authUrl: string
  readonly clientId: string
  /** PKCS#8 PEM or the text of a JWK; without it there are no figures. */
  readonly privateKey: string | undefined
  readonly logger: ServiceTokenLogger
  readonly fetch?: Fetch
}

/** The figures of the auth-service, got with this service's own token. */
export interface IssuerStatistics {
  /** @throws {TemporarilyUnavailableError} that says which of it is: no key, no answer, or a refusal */
  read(): Promise<Readonly<Record<string, unknown>>>
  close(): Promise<void>
}

const timeoutMilliseconds = 3_000
const maxBytes = 64 * 1024
/** As long as the token source turns callers away after a failure. */
const retryAfterSeconds = 5

const causes = {
  noKey: 'this service has no key of its own (SERVICE_CLIENT_KEY)',
  unreachable: 'the auth-service cannot be reached',
  refused: 'the auth-service has refused the credentials of this service',
  unusable: 'the answer of the auth-service cannot be used'
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
      return readJsonAnswer(response, maxBytes).catch((cause: Error) => {
        // A connection that breaks in the middle of an answer is a TypeError of fetch.
        if (cause.name === 'TimeoutError' || cause instanceof TypeError) rethrow(cause)
        throw unavailable('unusable', cause.message, cause)
      })
    },
    close: () => tokens.close()
  }
}

function requireSuccess({ status, body }: Response): void {
  if (status === 200) return
  // Frees the connection; the answer says nothing that matters here.
  body?.cancel().catch(() => {})
  const cause =
    status === 401 || status === 403 ? 'refused' : status === 429 || status >= 500 ? 'unreachable' : 'unusable'
  throw unavailable(cause, `/admin/statistics answered ${status}`)
}

function rethrow(cause: unknown): never {
  if (!(cause instanceof ServiceTokenError)) throw unavailable('unreachable', nameOf(cause), cause)
  const isRefused = cause.code === 'ERR_TOKEN_ENDPOINT_REFUSED'
  const isUnusable = cause.code === 'ERR_TOKEN_ENDPOINT_ANSWER'
  throw unavailable(isRefused ? 'refused' : isUnusable ? 'unusable' : 'unreachable', cause.message, cause)
}

/** `fetch failed` says nothing; the code behind it does. */
function nameOf(error: unknown): string {
  const { cause, name } = error as { cause?: { code?: unknown }; name?: unknown }
  return `no answer from /admin/statistics: ${String(cause?.code ?? name)}`
}

function unavailable(which: keyof typeof causes, detail?: string, cause?: unknown): TemporarilyUnavailableError {
  return new TemporarilyUnavailableError({
    description: `There are no figures right now: ${causes[which]}.`,
    retryAfterSeconds,
    ...(detail === undefined ? {} : { detail }),
    cause
  })
}
