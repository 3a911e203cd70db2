import { OAuthError, TemporarilyUnavailableError } from '@countersign/oauth'
import { forwarderHeaders, type Secret } from '@countersign/service-kit'
import { Agent, type Dispatcher } from 'undici'
import type { RequestBody } from './request-body.ts'

export interface UpstreamRequest {
  readonly method: string
  /** Including the query. */
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: RequestBody
  readonly signal: AbortSignal
}

export interface UpstreamOptions {
  readonly url: string
  /** How long a response may take to start. */
  readonly timeoutSeconds: number
  /** How long a response may pause: a stream of events is silent while nothing happens. */
  readonly idleSeconds: number
  /** Proves to the API that it can trust the browsers' addresses. */
  readonly forwarderKey?: Secret | undefined
}

/** An API behind the proxy. */
export interface Upstream {
  /** @throws {TemporarilyUnavailableError} when it does not respond */
  send(request: UpstreamRequest): Promise<Dispatcher.ResponseData>
  /** @returns the path of a `Location` in a response, as `send` takes it; `undefined` if it leads elsewhere */
  pathOf(location: string, requestPath: string): string | undefined
  close(): Promise<void>
}

const connectTimeoutMs = 2_000
const idempotent = ['GET', 'HEAD', 'OPTIONS']

/** Keeps connections to an API; bodies go through it as they come. */
export function createUpstream({ url, timeoutSeconds, idleSeconds, forwarderKey }: UpstreamOptions): Upstream {
  const ownHeaders = forwarderHeaders(forwarderKey)
  const agent = new Agent({
    connectTimeout: connectTimeoutMs,
    headersTimeout: timeoutSeconds * 1000,
    bodyTimeout: idleSeconds * 1000,
    connections: 256
  })
  const { origin, pathname } = new URL(url)
  const base = pathname.replace(/\/$/, '')
  return {
    async send({ method, path, headers, body, signal }) {
      const attempt = () =>
        agent.request({
          origin,
          path: base + path,
          method: method as Dispatcher.HttpMethod,
          headers: { ...headers, ...ownHeaders },
          body: body ?? null,
          signal
        })
      try {
        return await attempt().catch((error) => {
          // A reused connection that the API has just closed says nothing about the API.
          if (idempotent.includes(method) && body === undefined && codeOf(error) === 'UND_ERR_SOCKET') return attempt()
          throw error
        })
      } catch (error) {
        throw error instanceof OAuthError ? error : unavailable(error)
      }
    },
    pathOf(location, requestPath) {
      if (!URL.canParse(location, origin)) return undefined
      const target = new URL(location, origin + base + requestPath)
      const isHere = target.origin === origin && target.pathname.startsWith(`${base}/`)
      return isHere ? target.pathname.slice(base.length) + target.search : undefined
    },
    close: () => agent.destroy()
  }
}

function unavailable(cause: unknown): TemporarilyUnavailableError {
  const isLate = codeOf(cause) === 'UND_ERR_HEADERS_TIMEOUT'
  return new TemporarilyUnavailableError({
    description: isLate
      ? 'The API did not respond in time. Try again in a moment.'
      : 'The API cannot be reached right now. Try again in a moment.',
    detail: 'no response from the API',
    cause
  })
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}
