/** The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2): where apps send their users to sign in. */
import { endpointOf, InvalidRequestError, TemporarilyUnavailableError, TooManyRequestsError } from '@countersign/oauth'
import type { Context } from 'koa'
import type { AuthorizationRequest, RequestedAuthorization } from '../../authorization/authorization-request.ts'
import { pushedSeconds } from '../../authorization/authorization-request.ts'
import type { AuthorizationRequests } from '../../authorization/authorization-requests.ts'
import { verdictOn } from '../../authorization/next-step.ts'
import { isOpaqueId, newOpaqueId } from '../../authorization/opaque-ids.ts'
import {
  AuthorizationError,
  asOAuthError,
  type Parameters,
  readParameters,
  readRequest
} from '../../authorization/read-request.ts'
import type { ClientInfo } from '../../client-info.ts'
import type { Client } from '../../clients/client.ts'
import type { ClientStore } from '../../clients/client-store.ts'
import { hasRedirectUri } from '../../clients/redirect-uris.ts'
import { sha256 } from '../../hashes.ts'
import { clientIdPattern } from '../../identifiers.ts'
import type { IssuerMetrics } from '../../metrics.ts'
import { type BrowserResponse, formPostTo, redirectTo } from '../../routing/browser-response.ts'
import { clientInfoOf } from '../../routing/client-info.ts'
import { defineRoute } from '../../routing/route.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { charge, chargeAddress } from '../../sign-in/request-limits.ts'
import type { IdTokens } from '../../tokens/id-tokens.ts'
import { pushedRequest } from '../../wire/authorization.ts'
import { authorizationForm, pushedForm } from '../../wire/oauth.ts'
import {
  inBrowser,
  nameBrowser,
  PageError,
  pairsOf,
  readBrowser,
  refuseHead,
  requirePages,
  withQuery
} from './app-browser.ts'

export interface AuthorizeDeps {
  issuer: string
  /** Absent where it is not known where the pages are: then no app can sign users in. */
  pagesUrl: string | undefined
  clients: Pick<ClientStore, 'findEnabled'>
  authorizationRequests: AuthorizationRequests
  idTokens: Pick<IdTokens, 'readHint'>
  counters: AttemptCounters
  metrics: Pick<IssuerMetrics, 'countAuthorization'>
}

type OpenDeps = AuthorizeDeps & { pagesUrl: string }

const requestUriPrefix = 'urn:ietf:params:oauth:request_uri:'
/** Per address and hour; each keeps a row for ten minutes. */
const requestsPerAddress = 5000
/** Per client that authenticates itself: its server sends those of all users. */
const requestsPerClient = 100_000

/** `GET /oauth/authorize` */
export const authorize = defineRoute(
  {
    method: 'get',
    path: '/oauth/authorize',
    summary: 'Begin a sign-in to a client: redirects the browser to the pages (OpenID Connect Core)',
    access: 'public',
    response: { status: 303 }
  },
  (deps: AuthorizeDeps) =>
    ({ ctx }) => {
      refuseHead(ctx)
      return onPages(deps, (open) => begin(open, ctx, new URLSearchParams(ctx.querystring)))
    }
)

/** `POST /oauth/authorize`: as with GET. The cookie of the browser does not come with a form of another site, so that the request is pushed first. */
export const authorizeByForm = defineRoute(
  {
    method: 'post',
    path: '/oauth/authorize',
    summary: 'The same, with the parameters in a form instead of the URL',
    access: 'public',
    body: authorizationForm,
    bodyFormat: 'form',
    response: { status: 303 }
  },
  (deps: AuthorizeDeps) =>
    ({ body, origin }) =>
      onPages(deps, async (open) => {
        const read = readParameters(pairsOf(body))
        const [clientId = '', pushed] = ['client_id', 'request_uri'].map((name) => read.parameters.get(name)?.[0])
        if (pushed?.startsWith(requestUriPrefix)) return toAuthorize(open, { client_id: clientId, request_uri: pushed })
        const { client, redirectUri } = await requireRedirect(open, read)
        return orToClient(open, { client, redirectUri, parameters: read.parameters }, async () => {
          const request = await readRequest({ ...open, readHint: open.idTokens.readHint }, client, redirectUri, read)
          await limitRequests(open, origin)
          return toAuthorize(open, { client_id: client.id, request_uri: await push(open, request) })
        })
      })
)

/** `POST /oauth/par` (RFC 9126): a client sends its request by itself, and the browser gets a name for it. */
export const pushRequest = defineRoute(
  {
    method: 'post',
    path: '/oauth/par',
    summary: 'Send an authorization request in advance (RFC 9126)',
    access: 'client',
    body: pushedForm,
    bodyFormat: 'form',
    takesProof: true,
    allowsOtherOrigins: true,
    response: { status: 201, schema: pushedRequest }
  },
  (deps: AuthorizeDeps) =>
    async ({ body, client, dpopKey, origin }) => {
      const open = requirePages(deps)
      const read = readParameters(pairsOf({ ...body, client_id: client.id }))
      const redirectUri = read.parameters.get('redirect_uri')?.[0]
      if (redirectUri === undefined || !hasRedirectUri(client, redirectUri))
        throw new InvalidRequestError({ description: 'The redirect_uri is not registered for this client.' })
      const reading = { ...open, readHint: open.idTokens.readHint, provenJkt: dpopKey?.jkt }
      const request = await readRequest(reading, client, redirectUri, read).catch((error) => {
        throw error instanceof AuthorizationError ? asOAuthError(error) : error
      })
      await dpopKey?.markUsed()
      await (client.authMethod === 'none' ? limitRequests(open, origin) : limitClient(open, client))
      return { request_uri: await push(open, request), expires_in: pushedSeconds }
    }
)

/** `GET /oauth/authorize/complete`: the browser is back from the pages, and goes to the client. */
export const completeAuthorization = defineRoute(
  {
    method: 'get',
    path: '/oauth/authorize/complete',
    summary: 'Complete a sign-in to a client, in the browser that began it: redirects it to the client',
    access: 'public',
    response: { status: 303 }
  },
  (deps: AuthorizeDeps) =>
    ({ ctx }) => {
      refuseHead(ctx)
      return onPages(deps, (open) => complete(open, ctx))
    }
)

async function begin(deps: OpenDeps, ctx: Context, query: URLSearchParams): Promise<BrowserResponse> {
  const read = readParameters(query)
  const pushed = read.parameters.get('request_uri')?.[0]
  if (pushed?.startsWith(requestUriPrefix)) return beginPushed(deps, ctx, read, pushed.slice(requestUriPrefix.length))
  const { client, redirectUri } = await requireRedirect(deps, read)
  return orToClient(deps, { client, redirectUri, parameters: read.parameters }, async () => {
    const request = await readRequest({ ...deps, readHint: deps.idTokens.readHint }, client, redirectUri, read)
    await limitRequests(deps, clientInfoOf(ctx))
    const { id, hash } = newOpaqueId()
    await deps.authorizationRequests.begin(hash, nameBrowser(deps.issuer, ctx), request)
    return toPage(deps, id)
  })
}

async function beginPushed(
  deps: OpenDeps,
  ctx: Context,
  read: ReturnType<typeof readParameters>,
  pushedId: string
): Promise<BrowserResponse> {
  const clientId = read.parameters.get('client_id')?.[0]
  if (read.repeated.size > 0 || clientId === undefined || !isOpaqueId(pushedId))
    throw new InvalidRequestError({ description: 'The request_uri or the client_id is malformed.' })
  const { id, hash: idHash } = newOpaqueId()
  const browserHash = nameBrowser(deps.issuer, ctx)
  const isBegun = await deps.authorizationRequests.beginPushed({
    pushedHash: sha256(pushedId),
    clientId,
    idHash,
    browserHash
  })
  if (!isBegun)
    throw new InvalidRequestError({ description: 'The request_uri is not known, was used, or has expired.' })
  return toPage(deps, id)
}

function toAuthorize({ issuer }: OpenDeps, pushed: { client_id: string; request_uri: string }): BrowserResponse {
  return redirectTo(`${endpointOf(issuer, '/oauth/authorize')}?${new URLSearchParams(pushed)}`)
}

function toPage(deps: OpenDeps, id: string): BrowserResponse {
  deps.metrics.countAuthorization('begun')
  return redirectTo(`${deps.pagesUrl}/authorize?request=${id}`)
}

async function complete(deps: OpenDeps, ctx: Context): Promise<BrowserResponse> {
  const query = new URLSearchParams(ctx.querystring)
  const [id, ticket] = [query.get('request') ?? undefined, query.get('ticket') ?? undefined]
  if (!isOpaqueId(id)) throw unknownRequest()
  const idHash = sha256(id)
  const found = await deps.authorizationRequests.find(idHash)
  const client = found && (await deps.clients.findEnabled(found.clientId))
  // A client that is disabled, or that no longer goes by this address, is not trusted with the user.
  if (!found || !client || !hasRedirectUri(client, found.redirectUri)) throw unknownRequest()
  const code = newOpaqueId()
  const completed = await deps.authorizationRequests.complete(
    {
      idHash,
      browserHash: readBrowser(deps.issuer, ctx),
      ticketHash: isOpaqueId(ticket) ? sha256(ticket) : undefined,
      codeHash: code.hash
    },
    (request, hasTicket) => verdictOn(request, client, { hasTicket, isCancelled: query.get('cancel') === '1' })
  )
  if (!completed) throw otherBrowser()
  const { request, verdict } = completed
  if (verdict.kind === 'undecided') return redirectTo(`${deps.pagesUrl}/authorize?request=${id}`)
  deps.metrics.countAuthorization(verdict.kind === 'code' ? 'completed' : verdict.error)
  return verdict.kind === 'code'
    ? toClient(deps, request, { code: code.id })
    : toClient(deps, request, { error: verdict.error, error_description: verdict.description })
}

/** Both must be proven before the browser is sent anywhere: an address that nobody registered may be an attacker's. */
async function requireRedirect(
  { clients }: OpenDeps,
  { parameters, repeated }: { parameters: Parameters; repeated: ReadonlySet<string> }
): Promise<{ client: Client; redirectUri: string }> {
  const [clientId, redirectUri] = ['client_id', 'redirect_uri'].map((name) => parameters.get(name)?.[0])
  if (repeated.has('client_id') || repeated.has('redirect_uri'))
    throw new InvalidRequestError({ description: 'client_id or redirect_uri is repeated.' })
  const client =
    clientId !== undefined && clientIdPattern.test(clientId) ? await clients.findEnabled(clientId) : undefined
  if (!client) throw new PageError('invalid_client', 'No client has this client_id.')
  if (redirectUri === undefined) throw new PageError('invalid_redirect_uri', 'redirect_uri is missing.')
  if (!hasRedirectUri(client, redirectUri))
    throw new PageError('invalid_redirect_uri', 'The redirect_uri is not registered for this client.')
  return { client, redirectUri }
}

/** Shows errors on the page. */
function onPages(deps: AuthorizeDeps, work: (open: OpenDeps) => Promise<BrowserResponse>): Promise<BrowserResponse> {
  return inBrowser(
    deps,
    { errorPath: '/authorize/error', count: (code) => deps.metrics.countAuthorization(code) },
    work
  )
}

/** The client gets all further errors, in the response mode that it asked for. */
async function orToClient(
  deps: OpenDeps,
  { redirectUri, parameters }: { client: Client; redirectUri: string; parameters: Parameters },
  work: () => Promise<BrowserResponse>
): Promise<BrowserResponse> {
  try {
    return await work()
  } catch (error) {
    const isLimit = error instanceof TooManyRequestsError
    const isForClient = isLimit || error instanceof TemporarilyUnavailableError || error instanceof AuthorizationError
    if (!isForClient) throw error
    // The client gets a code that it knows (RFC 6749 §4.1.2.1).
    const code = isLimit ? 'temporarily_unavailable' : error.code
    deps.metrics.countAuthorization(code)
    const responseMode = parameters.get('response_mode')?.[0] === 'form_post' ? 'form_post' : 'query'
    const state = parameters.get('state')?.[0]
    const isPlain = state !== undefined && state.length <= 4096 && state.isWellFormed() && !/\p{Cc}/u.test(state)
    return toClient(
      deps,
      { redirectUri, responseMode, state: isPlain ? state : undefined },
      { error: code, error_description: error.description }
    )
  }
}

/** The issuer is named in every response, so that a client that uses several can tell them apart (RFC 9207). */
function toClient(
  { issuer }: OpenDeps,
  { redirectUri, responseMode, state }: Pick<AuthorizationRequest, 'redirectUri' | 'responseMode' | 'state'>,
  response: Readonly<Record<string, string>>
): BrowserResponse {
  const members = { ...response, ...(state !== undefined && { state }), iss: issuer }
  if (responseMode === 'form_post') return formPostTo(redirectUri, members)
  return redirectTo(withQuery(redirectUri, members))
}

async function push(deps: OpenDeps, request: RequestedAuthorization): Promise<string> {
  const { id, hash } = newOpaqueId()
  await deps.authorizationRequests.push(hash, request)
  return requestUriPrefix + id
}

function limitRequests({ counters }: OpenDeps, { address }: ClientInfo): Promise<void> {
  return chargeAddress(counters, { name: 'authorization_requests', address, limit: requestsPerAddress })
}

function limitClient({ counters }: OpenDeps, { id: key }: Client): Promise<void> {
  return charge(counters, [{ name: 'pushed_requests', key, limit: requestsPerClient, windowSeconds: 3600 }])
}

function unknownRequest(): PageError {
  return new PageError('request_over', 'This sign-in is not known, was used, or has expired.')
}

function otherBrowser(): PageError {
  return new PageError('other_browser', 'This sign-in began in another browser.')
}
