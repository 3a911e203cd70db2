/** Forwards requests from a browser to an API: the cookie stays here, and the access token goes with the request. */
import { NotFoundError, NotSignedInError, TemporarilyUnavailableError } from '@countersign/oauth'
import { describeError } from '@countersign/service-kit'
import type { Context, Middleware } from 'koa'
import type { Dispatcher } from 'undici'
import type { ClientInfo } from '../issuer/issuer-client.ts'
import { clientInfoOf } from '../requests/client-info.ts'
import { requireShownUser } from '../requests/require-shown-user.ts'
import type { SiteCookie } from '../requests/site-cookie.ts'
import type { PresentedSession, SessionService } from '../sessions/session-service.ts'
import { ClientClosedRequestError } from './client-closed-request.ts'
import type { HeaderFilter } from './headers.ts'
import { type RequestBody, takeBody } from './request-body.ts'
import type { Upstream } from './upstream.ts'
import { upstreamPath } from './upstream-path.ts'

export interface ProxyOptions {
  /** Such as `/api`; it is removed. */
  readonly prefix: string
  readonly upstream: Upstream
  readonly sessions: SessionService
  /** Returns the session of a request. */
  readonly cookie: SiteCookie
  readonly bodyLimitBytes: number
  readonly headers: HeaderFilter
  /** Which paths of the API may be reached. Default: all. */
  readonly allows?: (path: string) => boolean
}

/**
 * Forwards a request with the session's access token. A token that is about to expire is refreshed first; if the API rejects
 * it, it is refreshed once and the request is sent again.
 */
export function proxy(options: ProxyOptions): Middleware {
  const { prefix, upstream, sessions, cookie, bodyLimitBytes, headers, allows } = options
  return async function proxy(ctx) {
    const path = upstreamPath(ctx.path, prefix)
    if (allows && !allows(path)) throw new NotFoundError()
    const presented = await sessions.find(cookie.read(ctx))
    if (!presented) throw new NotSignedInError()
    requireShownUser(ctx, presented)
    const browser = clientInfoOf(ctx)
    const session = await sessions.freshen(presented, browser)
    const body = await takeBody(ctx, bodyLimitBytes)
    const pathAndQuery = path + ctx.search
    const response = await sendRenewing(options, ctx, { path: pathAndQuery, browser, session, body })
    const publicLocation = (location: string) => {
      const target = upstream.pathOf(location, pathAndQuery)
      return target && prefix + target
    }
    ctx.set(headers.response(response.headers, publicLocation))
    relay(ctx, response)
  }
}

interface Sending {
  readonly path: string
  readonly browser: ClientInfo
  readonly session: PresentedSession
  readonly body: RequestBody
}

async function sendRenewing(
  { upstream, sessions, headers }: ProxyOptions,
  ctx: Context,
  { path, browser, session, body }: Sending
): Promise<Dispatcher.ResponseData> {
  const { address, requestId } = browser
  const gone = new AbortController()
  const leave = () => gone.abort(new ClientClosedRequestError())
  ctx.res.once('close', leave)
  if (ctx.res.closed) leave()
  const send = ({ accessToken }: PresentedSession) =>
    upstream.send({
      method: ctx.method,
      path,
      headers: headers.request(ctx.req.headers, { accessToken, address, requestId }),
      body,
      signal: gone.signal
    })
  const response = await send(session)
  if (!isTokenRefused(response)) return response
  await response.body.dump()
  const renewed = await sessions.renew(session, browser)
  if (body === undefined || Buffer.isBuffer(body)) return send(renewed)
  throw new TemporarilyUnavailableError({
    description: 'The access token was renewed, and the body was too large to be kept. Send the request again.'
  })
}

/** RFC 6750 §3.1. A 401 for another reason (a wrong password, say) is the API's own response. */
function isTokenRefused({ statusCode, headers }: Dispatcher.ResponseData): boolean {
  return statusCode === 401 && /\berror="?invalid_token\b/.test(String(headers['www-authenticate'] ?? ''))
}

function relay(ctx: Context, { statusCode, body }: Dispatcher.ResponseData): void {
  ctx.status = statusCode
  if ([204, 205, 304].includes(statusCode)) {
    ctx.body = null
    body.dump().catch(() => {})
    return
  }
  body.once('error', (error) => {
    // A browser that disconnects is not a fault of the API.
    if (!ctx.res.closed) ctx.state.log.warn({ cause: describeError(error) }, 'the API aborted its response')
  })
  ctx.body = body
}
