/** Forwards requests from a browser to an API: the cookie stays here, and the access token goes with the request. */
import type { Readable } from 'node:stream'
import { NotFoundError, NotSignedInError, TemporarilyUnavailableError } from '@countersign/oauth'
import { isWebSocketRequest, mediaTypeOf } from '@countersign/service-kit'
import type { Context, Middleware } from 'koa'
import type { TokenTarget } from '../issuer/issuer-client.ts'
import { clientInfoOf } from '../requests/client-info.ts'
import { requireShownUser } from '../requests/require-shown-user.ts'
import type { SiteCookie } from '../requests/site-cookie.ts'
import type { LiveConnections } from '../sessions/live-connections.ts'
import { accessTokenOf } from '../sessions/session.ts'
import type { PresentedSession, SessionService } from '../sessions/session-service.ts'
import { abortedWithBrowser } from './client-closed-request.ts'
import type { HeaderFilter } from './headers.ts'
import { relay } from './relay.ts'
import { takeBody } from './request-body.ts'
import type { Upstream, UpstreamConnection, UpstreamResponse } from './upstream.ts'
import { upstreamPath } from './upstream-path.ts'
import { handshakeOf, joinConnections } from './web-socket.ts'

export interface ProxyOptions {
  /** Such as `/api`; it is removed. */
  readonly prefix: string
  readonly upstream: Upstream
  /** What the access token has to be for. Default: the issuer and its first API. */
  readonly target?: TokenTarget | undefined
  readonly sessions: SessionService
  /** What ends with its session. */
  readonly liveConnections: LiveConnections
  /** Returns the session of a request. */
  readonly cookie: SiteCookie
  readonly bodyLimitBytes: number
  readonly headers: HeaderFilter
  /** Which paths of the API may be reached. Default: all. */
  readonly allows?: (path: string) => boolean
}

/** A request that has a session, and goes on to the API. */
interface Forwarding {
  readonly ctx: Context
  /** The path that the API gets, with the query. */
  readonly path: string
  /** The session's present version. */
  session: PresentedSession
  /** Aborted when the browser disconnects before there is a response, or its session ends. */
  readonly gone: AbortController
}

/**
 * Forwards a request, or a WebSocket, with an access token of the session. A token that is about to expire is refreshed first;
 * if the API rejects it, it is refreshed once and the request is sent again.
 */
export function proxy(options: ProxyOptions): Middleware {
  const { prefix, sessions, cookie, allows, target } = options
  return async function proxy(ctx) {
    const path = upstreamPath(ctx.path, prefix)
    if (allows && !allows(path)) throw new NotFoundError()
    const presented = await sessions.find(cookie.read(ctx))
    if (!presented) throw new NotSignedInError()
    requireShownUser(ctx, presented)
    const session = await sessions.freshen(presented, clientInfoOf(ctx), target)
    const forwarding = { ctx, path: path + ctx.search, session, gone: abortedWithBrowser(ctx) }
    await (isWebSocketRequest(ctx) ? forwardSocket(options, forwarding) : forwardRequest(options, forwarding))
  }
}

async function forwardRequest(options: ProxyOptions, forwarding: Forwarding): Promise<void> {
  const { upstream, bodyLimitBytes } = options
  const { ctx, path, gone } = forwarding
  const body = await takeBody(ctx, bodyLimitBytes)
  const send = () =>
    upstream.send({ method: ctx.method, path, headers: requestHeaders(options, forwarding), body, signal: gone.signal })
  let response = await send()
  if (isTokenRefused(response)) {
    await discard(response)
    await renew(options, forwarding)
    if (body !== undefined && !Buffer.isBuffer(body)) throw tooLargeToKeep()
    response = await send()
  }
  respond(options, forwarding, response)
}

async function forwardSocket(options: ProxyOptions, forwarding: Forwarding): Promise<void> {
  const { upstream } = options
  const { ctx, path, gone } = forwarding
  let end = () => gone.abort(new NotSignedInError())
  const forget = watch(options, forwarding, () => end())
  try {
    const connect = () =>
      upstream.connect({
        path,
        headers: { ...requestHeaders(options, forwarding), ...handshakeOf(ctx.req.headers) },
        signal: gone.signal
      })
    let response = await connect()
    if (isTokenRefused(response)) {
      await renew(options, forwarding)
      response = await connect()
    }
    if (!isConnection(response)) return respond(options, forwarding, response)
    const joined = joinConnections(ctx, response, upstream.idleMs)
    end = joined.end
    if (gone.signal.aborted) end()
    void joined.closed.then(forget)
  } finally {
    if (ctx.respond !== false) forget()
  }
}

function respond(options: ProxyOptions, forwarding: Forwarding, response: UpstreamResponse): void {
  const { prefix, upstream, headers } = options
  const { ctx, path } = forwarding
  const publicLocation = (location: string) => {
    const target = upstream.pathOf(location, path)
    return target && prefix + target
  }
  if (mediaTypeOf(String(response.headers['content-type'] ?? '')) === 'text/event-stream') {
    watchStream(options, forwarding, response.body)
  }
  ctx.set(headers.response(response.headers, publicLocation))
  relay(ctx, response)
}

function watchStream(options: ProxyOptions, forwarding: Forwarding, stream: Readable): void {
  try {
    stream.once(
      'close',
      watch(options, forwarding, () => stream.destroy())
    )
  } catch (error) {
    stream.once('error', () => {}).destroy()
    throw error
  }
}

function watch({ liveConnections, target }: ProxyOptions, { ctx, session }: Forwarding, end: () => void): () => void {
  return liveConnections.add({ session, accessToken: accessTokenOf(session, target), browser: clientInfoOf(ctx), end })
}

async function renew({ sessions, target }: ProxyOptions, forwarding: Forwarding): Promise<void> {
  forwarding.session = await sessions.renew(forwarding.session, clientInfoOf(forwarding.ctx), target)
}

function requestHeaders({ headers, target }: ProxyOptions, { ctx, session }: Forwarding): Record<string, string> {
  const { address, requestId } = clientInfoOf(ctx)
  return headers.request(ctx.req.headers, { accessToken: accessTokenOf(session, target), address, requestId })
}

/** RFC 6750 §3.1. A 401 for another reason (a wrong password, say) is the API's own response. */
function isTokenRefused({ statusCode, headers }: UpstreamResponse | UpstreamConnection): boolean {
  return statusCode === 401 && /\berror="?invalid_token\b/.test(String(headers['www-authenticate'] ?? ''))
}

function isConnection(response: UpstreamResponse | UpstreamConnection): response is UpstreamConnection {
  return response.statusCode === 101
}

async function discard({ body }: UpstreamResponse): Promise<void> {
  if ('dump' in body) await (body.dump as () => Promise<void>)()
  else body.destroy()
}

function tooLargeToKeep(): TemporarilyUnavailableError {
  return new TemporarilyUnavailableError({
    description: 'The access token was renewed, and the body was too large to be kept. Send the request again.'
  })
}
