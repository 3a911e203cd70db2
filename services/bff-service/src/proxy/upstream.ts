import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { OAuthError, TemporarilyUnavailableError } from '@countersign/oauth'
import { forwarderHeaders, type Secret } from '@countersign/service-kit'
import { Agent, type Dispatcher } from 'undici'
import type { RequestBody } from './request-body.ts'

export interface UpstreamRequest {
  readonly method: string
  /** Including the query. */
  readonly path: string
  readonly headers: Record<string, string | string[]>
  readonly body: RequestBody
  readonly signal: AbortSignal
}

export interface UpstreamResponse {
  readonly statusCode: number
  readonly headers: IncomingHttpHeaders
  readonly body: Readable
}

/** A connection that an API has switched to another protocol. */
export interface UpstreamConnection {
  readonly statusCode: 101
  readonly headers: IncomingHttpHeaders
  readonly socket: Socket
  /** What came already behind the response. */
  readonly head: Buffer
}

export interface UpstreamOptions {
  readonly url: string
  /** What is said of it in errors. Default `The API`. */
  readonly name?: string
  /** How long a response may take to start. */
  readonly timeoutSeconds: number
  /** How long a response may pause: a stream of events is silent while nothing happens. */
  readonly idleSeconds: number
  /** Proves to the API that it can trust the browsers' addresses. */
  readonly forwarderKey?: Secret | undefined
}

/** A server behind the proxy. */
export interface Upstream {
  /** @throws {TemporarilyUnavailableError} when it does not respond */
  send(request: UpstreamRequest): Promise<UpstreamResponse>
  /**
   * Asks for a WebSocket, with the headers as they are (RFC 6455 §4.1).
   * @returns the connection, or the response that refuses it
   * @throws {TemporarilyUnavailableError} when it does not respond
   */
  connect(request: Omit<UpstreamRequest, 'method' | 'body'>): Promise<UpstreamConnection | UpstreamResponse>
  /** How long a connection may be silent, in milliseconds. */
  readonly idleMs: number
  /** @returns the path of a `Location` in a response, as `send` takes it; `undefined` if it leads elsewhere */
  pathOf(location: string, requestPath: string): string | undefined
  close(): Promise<void>
}

const connectTimeoutMs = 2_000
const idempotent = ['GET', 'HEAD', 'OPTIONS']

/** Keeps connections to a server; bodies go through it as they come. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const { url, name = 'The API', timeoutSeconds, idleSeconds, forwarderKey } = options
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
    idleMs: idleSeconds * 1000,
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
        throw error instanceof OAuthError ? error : unavailable(name, error)
      }
    },
    async connect({ path, headers, signal }) {
      const target = new URL(origin + base + path)
      try {
        return await requestConnection(target, { ...headers, ...ownHeaders }, signal, timeoutSeconds * 1000)
      } catch (error) {
        throw error instanceof OAuthError ? error : unavailable(name, error)
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

/** Uses Node's own client: undici's `upgrade` does not say with which status a request was refused. */
function requestConnection(
  target: URL,
  headers: Record<string, string | string[]>,
  signal: AbortSignal,
  timeoutMs: number
): Promise<UpstreamConnection | UpstreamResponse> {
  return new Promise((resolve, reject) => {
    const send = target.protocol === 'https:' ? requestHttps : requestHttp
    const request = send(target, { headers, agent: false, signal })
    const late = Object.assign(new Error('no response in time'), { code: 'UND_ERR_HEADERS_TIMEOUT' })
    const timer = setTimeout(() => request.destroy(late), timeoutMs)
    const settle = (result: UpstreamConnection | UpstreamResponse) => {
      clearTimeout(timer)
      resolve(result)
    }
    request.once('upgrade', ({ headers }: IncomingMessage, socket: Socket, head: Buffer) =>
      settle({ statusCode: 101, headers, socket, head })
    )
    request.once('response', (response) =>
      settle({ statusCode: response.statusCode ?? 502, headers: response.headers, body: response })
    )
    request.once('error', (error) => {
      clearTimeout(timer)
      reject(signal.aborted ? signal.reason : error)
    })
    request.end()
  })
}

function unavailable(name: string, cause: unknown): TemporarilyUnavailableError {
  const isLate = codeOf(cause) === 'UND_ERR_HEADERS_TIMEOUT'
  return new TemporarilyUnavailableError({
    description: isLate
      ? `${name} did not respond in time. Try again in a moment.`
      : `${name} cannot be reached right now. Try again in a moment.`,
    detail: `no response: ${name.toLowerCase()}`,
    cause
  })
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}
