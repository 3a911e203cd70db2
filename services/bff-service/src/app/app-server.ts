/** Passes requests on to the server of an app, such as the development server of Vite. It gets no token and no session. */
import type { IncomingHttpHeaders } from 'node:http'
import { isWebSocketRequest } from '@countersign/service-kit'
import type { Context, Middleware } from 'koa'
import { abortedWithBrowser } from '../proxy/client-closed-request.ts'
import { isHopByHop } from '../proxy/header-names.ts'
import { relay } from '../proxy/relay.ts'
import { takeBody } from '../proxy/request-body.ts'
import type { Upstream } from '../proxy/upstream.ts'
import { handshakeOf, joinConnections } from '../proxy/web-socket.ts'

export interface AppServerOptions {
  readonly upstream: Upstream
  readonly publicUrl: string
  readonly bodyLimitBytes: number
}

type Headers = Record<string, string | string[]>

const ownCookie = /^(?:__Host-)?countersign(?:-[^=]*)?=/

export function createAppServer({ upstream, publicUrl, bodyLimitBytes }: AppServerOptions): Middleware {
  const { host, protocol } = new URL(publicUrl)
  const forwarded = { 'x-forwarded-host': host, 'x-forwarded-proto': protocol.slice(0, -1) }
  return async function passToApp(ctx) {
    const { signal } = abortedWithBrowser(ctx)
    // Not `ctx.url`, which may name another host.
    const path = ctx.path + ctx.search
    const request = {
      path,
      headers: { ...requestHeaders(ctx), ...forwarded },
      signal
    }
    const response = isWebSocketRequest(ctx)
      ? await upstream.connect({ ...request, headers: { ...request.headers, ...handshakeOf(ctx.req.headers) } })
      : await upstream.send({ ...request, method: ctx.method, body: await takeBody(ctx, bodyLimitBytes) })
    if ('socket' in response) {
      joinConnections(ctx, response, upstream.idleMs)
      return
    }
    ctx.set(responseHeaders(response.headers, (location) => upstream.pathOf(location, path)))
    relay(ctx, response)
  }
}

function requestHeaders(ctx: Context): Headers {
  // undici makes `Host` itself; Node has responded to `Expect`.
  const { host: _host, expect: _expect, cookie, ...rest } = endToEnd(ctx.req.headers)
  const headers = Object.entries(rest).filter(([name]) => !/^(?:x-countersign-|x-forwarded-|forwarded$)/.test(name))
  const cookies = withoutOwnCookies(String(cookie ?? ''))
  return {
    ...Object.fromEntries(headers),
    ...(cookies && { cookie: cookies }),
    'x-forwarded-for': ctx.ip,
    'x-request-id': ctx.state.requestId
  }
}

/** An app may set cookies of its own, but none of this service's. */
function responseHeaders(received: IncomingHttpHeaders, pathOf: (location: string) => string | undefined): Headers {
  const { location, 'set-cookie': cookies, ...headers } = endToEnd(received)
  const foreign = [cookies ?? []].flat().filter((cookie) => !ownCookie.test(cookie))
  const isGuarded = 'content-security-policy' in headers || 'x-frame-options' in headers
  return {
    ...headers,
    ...(location !== undefined && { location: pathOf(String(location)) ?? location }),
    ...(foreign.length > 0 && { 'set-cookie': foreign }),
    // Another site that frames the app could make its user click there.
    ...(!isGuarded && { 'x-frame-options': 'SAMEORIGIN' })
  }
}

function withoutOwnCookies(header: string): string {
  const pairs = header.split(';').map((pair) => pair.trim())
  return pairs.filter((pair) => pair !== '' && !ownCookie.test(pair)).join('; ')
}

function endToEnd(received: IncomingHttpHeaders): Headers {
  const named = String(received.connection ?? '')
    .toLowerCase()
    .split(/\s*,\s*/)
  const pairs = Object.entries(received).filter(([name]) => !isHopByHop(name) && !named.includes(name))
  return Object.fromEntries(pairs.map(([name, value]) => [name, value ?? '']))
}
