/** The logout endpoint (OpenID Connect RP-Initiated Logout 1.0): where apps send their users to sign out. */
import { endpointOf, InvalidRequestError } from '@countersign/oauth'
import type { Context } from 'koa'
import { isOpaqueId, newOpaqueId } from '../../authorization/opaque-ids.ts'
import { readParameters } from '../../authorization/read-request.ts'
import type { ClientInfo } from '../../client-info.ts'
import type { Client } from '../../clients/client.ts'
import type { ClientStore } from '../../clients/client-store.ts'
import { sha256 } from '../../hashes.ts'
import { clientIdPattern } from '../../identifiers.ts'
import type { LogoutRequests, RequestedLogout } from '../../logout/logout-requests.ts'
import type { IssuerMetrics } from '../../metrics.ts'
import { type BrowserResponse, redirectTo } from '../../routing/browser-response.ts'
import { clientInfoOf } from '../../routing/client-info.ts'
import { defineRoute } from '../../routing/route.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { chargeAddress } from '../../sign-in/request-limits.ts'
import type { IdTokens } from '../../tokens/id-tokens.ts'
import { logoutForm } from '../../wire/oauth.ts'
import { inBrowser, nameBrowser, PageError, pairsOf, readBrowser, refuseHead, withQuery } from './app-browser.ts'

export interface LogoutDeps {
  issuer: string
  /** Absent where it is not known where the pages are. */
  pagesUrl: string | undefined
  clients: Pick<ClientStore, 'findEnabled'>
  logoutRequests: LogoutRequests
  idTokens: Pick<IdTokens, 'readAnyHint'>
  counters: AttemptCounters
  metrics: Pick<IssuerMetrics, 'countLogoutRequest'>
}

type OpenDeps = LogoutDeps & { pagesUrl: string }

/** Per address and hour; each keeps a row for ten minutes. */
const requestsPerAddress = 5000

/** The parameters that are looked at, with their longest values. */
const limits = {
  id_token_hint: 8192,
  client_id: 256,
  post_logout_redirect_uri: 1024,
  state: 4096,
  logout_hint: 320,
  ui_locales: 256
} as const

/** `GET /oauth/logout` */
export const beginLogout = defineRoute(
  {
    method: 'get',
    path: '/oauth/logout',
    summary: 'Begin a sign-out for a client: redirects the browser to the pages (OpenID Connect RP-Initiated Logout)',
    access: 'public',
    response: { status: 303 }
  },
  (deps: LogoutDeps) =>
    ({ ctx }) => {
      refuseHead(ctx)
      return onPages(deps, async (open) => {
        const query = new URLSearchParams(ctx.querystring)
        const posted = query.get('request')
        if (posted !== null) return goOn(open, ctx, posted)
        const request = await readLogout(open, query)
        await limitRequests(open, clientInfoOf(ctx))
        const { id, hash } = newOpaqueId()
        await open.logoutRequests.begin(hash, nameBrowser(open.issuer, ctx), request)
        return toPage(open, id)
      })
    }
)

/** `POST /oauth/logout`: as with GET. The cookie of the browser does not come with a form of another site, but with the redirect after it. */
export const beginLogoutByForm = defineRoute(
  {
    method: 'post',
    path: '/oauth/logout',
    summary: 'The same, with the parameters in a form instead of the URL',
    access: 'public',
    body: logoutForm,
    bodyFormat: 'form',
    response: { status: 303 }
  },
  (deps: LogoutDeps) =>
    ({ body, origin }) =>
      onPages(deps, async (open) => {
        const request = await readLogout(open, pairsOf(body))
        await limitRequests(open, origin)
        const { id, hash } = newOpaqueId()
        await open.logoutRequests.begin(hash, undefined, request)
        return redirectTo(withQuery(endpointOf(open.issuer, '/oauth/logout'), { request: id }))
      })
)

/** `GET /oauth/logout/complete`: the user is signed out, and the browser goes back to the client. */
export const completeLogout = defineRoute(
  {
    method: 'get',
    path: '/oauth/logout/complete',
    summary: 'Complete a sign-out for a client, in the browser that began it: redirects it to the client',
    access: 'public',
    response: { status: 303 }
  },
  (deps: LogoutDeps) =>
    ({ ctx }) => {
      refuseHead(ctx)
      return onPages(deps, async (open) => {
        const id = new URLSearchParams(ctx.querystring).get('request') ?? undefined
        const request = isOpaqueId(id)
          ? await open.logoutRequests.complete(sha256(id), readBrowser(open.issuer, ctx))
          : undefined
        if (!request)
          throw new PageError('request_over', 'This sign-out is not known, is over, or began in another browser.')
        const { returnTo, state } = request
        open.metrics.countLogoutRequest('completed')
        if (returnTo === undefined) return redirectTo(`${open.pagesUrl}/sign-out`)
        return redirectTo(state === undefined ? returnTo : withQuery(returnTo, { state }))
      })
    }
)

/** Names the browser of a request that a form has brought. */
async function goOn(deps: OpenDeps, ctx: Context, posted: string): Promise<BrowserResponse> {
  const { id, hash: idHash } = newOpaqueId()
  const browserHash = nameBrowser(deps.issuer, ctx)
  const isKnown =
    isOpaqueId(posted) && (await deps.logoutRequests.nameBrowser({ formerHash: sha256(posted), idHash, browserHash }))
  if (!isKnown) throw new PageError('request_over', 'This sign-out is not known, was used, or has expired.')
  return toPage(deps, id)
}

function toPage(deps: OpenDeps, id: string): BrowserResponse {
  deps.metrics.countLogoutRequest('begun')
  return redirectTo(`${deps.pagesUrl}/sign-out?request=${id}`)
}

/** @throws {OAuthError} for the page: nobody is sent anywhere with a request that is wrong */
async function readLogout(deps: OpenDeps, pairs: Iterable<readonly [string, string]>): Promise<RequestedLogout> {
  const { parameters, repeated } = readParameters(pairs)
  if (Object.keys(limits).some((name) => repeated.has(name))) throw invalid('A parameter is repeated.')
  const get = (name: keyof typeof limits) => {
    const value = parameters.get(name)?.[0]
    if (value !== undefined && (value.length > limits[name] || !value.isWellFormed() || /[\p{Cc}\ufffd]/u.test(value)))
      throw invalid(`${name} is malformed.`)
    return value
  }
  const hint = await readHint(deps, get('id_token_hint'))
  const clientId = get('client_id') ?? hint?.clientId
  if (hint && clientId !== hint.clientId) throw invalid('The id_token_hint is that of another client.')
  const client = clientId === undefined ? undefined : await requireClient(deps, clientId)
  const uri = get('post_logout_redirect_uri')
  const returnTo = uri !== undefined && client?.postLogoutRedirectUris.includes(uri) ? uri : undefined
  const uiLocales = (get('ui_locales') ?? '').split(' ').filter((tag) => /^[A-Za-z0-9-]{1,35}$/.test(tag))
  get('logout_hint')
  return {
    clientId,
    hintedUserId: hint?.userId,
    hintedSessionId: hint?.sessionId,
    returnTo,
    isReturnRefused: uri !== undefined && returnTo === undefined,
    state: get('state'),
    uiLocales: uiLocales.slice(0, 10)
  }
}

/** One whose key is not known any more counts as absent: the user is asked then. */
async function readHint({ idTokens }: OpenDeps, token: string | undefined) {
  if (token === undefined) return undefined
  const hint = await idTokens.readAnyHint(token)
  if (hint.outcome === 'invalid') throw invalid('The id_token_hint is no ID token of this issuer.')
  return hint.outcome === 'verified' ? hint : undefined
}

async function requireClient({ clients }: OpenDeps, id: string): Promise<Client> {
  const client = clientIdPattern.test(id) ? await clients.findEnabled(id) : undefined
  if (!client) throw new PageError('invalid_client', 'No client has this client_id.')
  return client
}

function limitRequests({ counters }: OpenDeps, { address }: ClientInfo): Promise<void> {
  return chargeAddress(counters, { name: 'logout_requests', address, limit: requestsPerAddress })
}

/** Shows errors on the page. */
function onPages(deps: LogoutDeps, work: (open: OpenDeps) => Promise<BrowserResponse>): Promise<BrowserResponse> {
  return inBrowser(deps, { errorPath: '/sign-out', count: (code) => deps.metrics.countLogoutRequest(code) }, work)
}

function invalid(description: string): InvalidRequestError {
  return new InvalidRequestError({ description })
}
