import {
  AccessDeniedError,
  endpointOf,
  FactorRequiredError,
  InvalidGrantError,
  InvalidRequestError,
  OAuthError,
  type OAuthErrorOptions,
  TemporarilyUnavailableError,
  type TokenResponse,
  type ValidationIssue
} from '@countersign/oauth'
import { forwarderHeaders, readBoundedBody, type Secret } from '@countersign/service-kit'
import { z } from 'zod'

/** The browser that a call is made for, as the issuer's limits, session lists and logs should see it. */
export interface ClientInfo {
  readonly address: string
  readonly userAgent: string
  /** The header `Accept-Language`, by which the language of a mail is chosen; empty if there is none. */
  readonly acceptLanguage: string
  readonly requestId: string
}

/** What a browser keeps of earlier sign-ins. */
export interface KnownBrowser {
  readonly deviceToken: string | undefined
  readonly trustedDevice: string | undefined
}

/** The account routes of the auth-service, called for a browser. Each throws the issuer's error as an {@link OAuthError}. */
export interface IssuerClient {
  /** @throws {FactorRequiredError} when a second factor is missing */
  signIn(credentials: object, browser: ClientInfo, known?: KnownBrowser): Promise<SignInResponse>
  /**
   * Re-authenticates the user of a session. Its tokens end, and the new ones take their place.
   * @throws {FactorRequiredError} when a second factor is missing
   */
  stepUp(accessToken: string, proof: object, browser: ClientInfo, known?: KnownBrowser): Promise<SignInResponse>
  /** Has a mail sent with which a user signs in, if there is such a user. @returns the flow that it is valid in */
  requestMailSignIn(who: unknown, browser: ClientInfo): Promise<MailRequested>
  /**
   * Completes a sign-in, or a re-authentication, by its last step.
   * @throws {FactorRequiredError} when a second factor is missing
   */
  completeSignIn(step: LastStep, body: object, browser: ClientInfo, known?: KnownBrowser): Promise<SignInResponse>
  /** A step of a sign-in after which it still goes on. */
  continueSignIn(step: NextStep, body: object, browser: ClientInfo): Promise<unknown>
  /**
   * @param target the API that the access token is for. Default: the issuer and its first API
   * @throws {InvalidGrantError} when the session has ended; {@link AccessDeniedError} when the user has no rights at the target
   */
  refresh(refreshToken: string, browser: ClientInfo, target?: TokenTarget): Promise<TokenResponse>
  /** Ends the family of a refresh token of any generation. */
  signOut(refreshToken: string, browser: ClientInfo): Promise<void>
  register(account: unknown, browser: ClientInfo): Promise<unknown>
  /** What users without a session can do. */
  readOffers(browser: ClientInfo): Promise<Offers>
  /** Mails a user who has forgotten a password, if there is such a user. */
  requestPasswordReset(who: unknown, browser: ClientInfo): Promise<unknown>
  /** Sets a new password with what the mail has brought. */
  confirmPasswordReset(reset: unknown, browser: ClientInfo): Promise<void>
  /** Restores the e-mail address of before, and sets a new password, with what the mail has brought. */
  undoEmailChange(undo: unknown, browser: ClientInfo): Promise<void>
  /** What the link of an invitation is about; it stays valid. */
  showInvitation(link: unknown, browser: ClientInfo): Promise<unknown>
  /** Makes the account of an invitation. */
  acceptInvitation(acceptance: unknown, browser: ClientInfo): Promise<unknown>
  /** The services with which users can sign in. */
  listProviders(browser: ClientInfo): Promise<unknown>
  /** Begins a sign-in with another service. */
  startAtProvider(id: string, browser: ClientInfo): Promise<StartedAtProvider>
  /** The same within a session: to link an identity to its user, or to sign in again. */
  startInSession(
    purpose: 'link' | 'step_up',
    id: string,
    browser: ClientInfo,
    accessToken: string
  ): Promise<StartedAtProvider>
  /** Signs in with what a browser brings from another service. */
  finishAtProvider(id: string, returned: object, browser: ClientInfo, known?: KnownBrowser): Promise<SignInResponse>
  /** Re-authenticates the user with what a browser brings from another service. */
  stepUpAtProvider(
    id: string,
    returned: object,
    browser: ClientInfo,
    { accessToken, known }: { accessToken: string; known?: KnownBrowser | undefined }
  ): Promise<SignInResponse>
  linkIdentity(id: string, returned: object, browser: ClientInfo, accessToken: string): Promise<void>
  /** Which app asks for a sign-in. Its `complete_url` is one of the issuer. */
  showAuthorizationRequest(id: string, browser: ClientInfo): Promise<AuthorizationRequest>
  /** Which app asks for a sign-out. Its `complete_url` is one of the issuer. */
  showLogoutRequest(id: string, browser: ClientInfo): Promise<LogoutRequest>
  /** Whether the issuer still accepts an access token: not after its session, its user or its key was revoked. */
  isLive(accessToken: string, browser: ClientInfo): Promise<boolean>
}

/** The paths of the steps under `/auth/login`. */
export type LastStep = 'factor' | 'enrolment/confirm' | 'passkey' | 'mail/confirm'
export type NextStep = 'enrolment' | 'enrolment/mail' | 'passkey/options'

/** What an installation offers to users without a session. */
export interface Offers {
  readonly registration: 'open' | 'closed'
  /** Whether a forgotten password can be reset, and an address verified, by mail. */
  readonly mail: boolean
  readonly mail_sign_in: boolean
  readonly passkeys: boolean
}

/** A mail is on its way, if there is somebody to get it. */
export type MailRequested = z.infer<typeof mailRequested>

/** Where the browser goes, and the secret that only it may keep meanwhile. */
export interface StartedAtProvider {
  readonly authorization_url: string
  readonly transaction: string
}

/** An app that asks for a sign-in, as far as a browser may know it before anybody has signed in. */
export type AuthorizationRequest = z.infer<typeof authorizationRequest>
export type LogoutRequest = z.infer<typeof logoutRequest>

/** The API that an access token is to be for (RFC 8707). */
export interface TokenTarget {
  readonly resource: string
  /** Separated by spaces. Without it: all that the user holds there. */
  readonly scope?: string | undefined
}

/** The tokens of a new session, and the device token for the next sign-in; an older issuer sends none. */
export interface SignInResponse extends TokenResponse {
  readonly device_token?: string | undefined
  /** The token of a browser in which the second factor is not asked for. */
  readonly trusted_device?: string | undefined
  /** Once, when the second factor was set up within the sign-in. */
  readonly recovery_codes?: readonly string[] | undefined
}

export interface IssuerClientOptions {
  /** The address of the auth-service from here. */
  readonly authUrl: string
  /** Proves to the auth-service that it can trust the browsers' addresses. */
  readonly forwarderKey: Secret | undefined
  readonly fetch?: typeof fetch
}

const timeoutMs = 10_000
/** For a question that a page waits for, and for which there is a default. */
const questionTimeoutMs = 2_000
const maxResponseBytes = 64 * 1024

const tokenResponse = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  token_type: z.literal('Bearer'),
  expires_in: z.int().positive(),
  scope: z.string()
})

const browserTokensOf = z.object({
  device_token: z.string().max(512).optional(),
  trusted_device: z.string().max(512).optional(),
  recovery_codes: z.array(z.string().max(64)).max(64).optional()
})

const offersOf = z.object({
  registration: z.enum(['open', 'closed']),
  mail: z.boolean().optional(),
  mail_sign_in: z.boolean().optional(),
  passkeys: z.boolean().optional()
})

const mailRequested = z.object({ flow: z.string().regex(/^[\w-]{43}$/), expires_in: z.number() })

const startedAtProvider = z.object({ authorization_url: z.url(), transaction: z.string().regex(/^[\w-]{43}$/) })

const requestingClient = z.object({
  client_id: z.string(),
  name: z.string(),
  logo_uri: z.string().nullable(),
  policy_uri: z.string().nullable(),
  tos_uri: z.string().nullable()
})

const logoutRequest = z.object({
  client: requestingClient.nullable(),
  session_id: z.string().nullable(),
  user_id: z.string().nullable(),
  return_host: z.string().nullable(),
  is_return_refused: z.boolean(),
  ui_locales: z.array(z.string()),
  complete_url: z.url()
})

const authorizationRequest = z.object({
  client: requestingClient,
  redirect_host: z.string(),
  login_hint: z.string().nullable(),
  ui_locales: z.array(z.string()),
  prompt: z.array(z.string()),
  complete_url: z.url(),
  expires_in: z.number()
})

const issuerMetadata = z.object({ issuer: z.url() })

const errorResponse = z.object({
  error: z.string(),
  error_description: z.string(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional()
})

const factorRequired = z.object({
  flow: z.string().max(512),
  expires_in: z.number(),
  factors: z.array(z.string().max(64)).max(16),
  enrolment: z.string().max(64).nullable()
})

export function createIssuerClient({
  authUrl,
  forwarderKey,
  fetch = globalThis.fetch
}: IssuerClientOptions): IssuerClient {
  const ownHeaders = forwarderHeaders(forwarderKey)
  let knownIssuer: string | undefined
  return {
    async signIn(credentials, browser, known) {
      return readSignIn(await post('/auth/login', withTokens(credentials, known), browser))
    },
    async stepUp(accessToken, proof, browser, known) {
      const path = 'credential' in proof ? '/auth/step-up/passkey' : '/auth/step-up'
      return readSignIn(await post(path, withDevice(proof, known), browser, accessToken))
    },
    async requestMailSignIn(who, browser) {
      const { success, data } = mailRequested.safeParse(await post('/auth/login/mail', who, browser))
      if (!success) throw new TemporarilyUnavailableError({ detail: 'the issuer responded without a flow' })
      return data
    },
    async completeSignIn(step, body, browser, known) {
      // The first factor of a sign-in: a trusted browser may be enough of a second one.
      const withKnown = step === 'mail/confirm' ? withTokens : withDevice
      return readSignIn(await post(`/auth/login/${step}`, withKnown(body, known), browser))
    },
    continueSignIn: (step, body, browser) => post(`/auth/login/${step}`, body, browser),
    async refresh(refreshToken, browser, target) {
      const body = { refresh_token: refreshToken, ...target }
      // A refresh whose response was lost gets the newest token when it is tried again.
      const response = await post('/auth/refresh', body, browser).catch((error) => {
        if (error instanceof NoResponseError) return post('/auth/refresh', body, browser)
        throw target ? targetRefusal(error, target) : error
      })
      return readTokens(response)
    },
    async signOut(refreshToken, browser) {
      await post('/auth/logout', { refresh_token: refreshToken }, browser)
    },
    register: (account, browser) => post('/auth/register', account, browser),
    async readOffers(browser) {
      const { response, document } = await call('/auth/register', { headers: {} }, browser, questionTimeoutMs)
      // An older issuer does not say; its response to a registration does.
      if (response.status === 404 || response.status === 405)
        return { registration: 'open', mail: false, mail_sign_in: false, passkeys: false }
      if (!response.ok) throw refusal('/auth/register', response, document)
      const offers = offersOf.safeParse(document).data
      return {
        registration: offers?.registration ?? 'open',
        mail: offers?.mail ?? false,
        mail_sign_in: offers?.mail_sign_in ?? false,
        passkeys: offers?.passkeys ?? false
      }
    },
    requestPasswordReset: (who, browser) => post('/auth/password-reset', who, browser),
    async confirmPasswordReset(reset, browser) {
      await post('/auth/password-reset/confirm', reset, browser)
    },
    async undoEmailChange(undo, browser) {
      await post('/auth/email/undo', undo, browser)
    },
    showInvitation: (link, browser) => post('/auth/invitations/show', link, browser),
    acceptInvitation: (acceptance, browser) => post('/auth/invitations/accept', acceptance, browser),
    async listProviders(browser) {
      const { response, document } = await call('/auth/providers', { headers: {} }, browser, questionTimeoutMs)
      if (!response.ok) throw refusal('/auth/providers', response, document)
      return document
    },
    startAtProvider: (id, browser) => start(`/auth/providers/${id}/start`, browser),
    startInSession: (purpose, id, browser, accessToken) =>
      start(`/auth/${purpose === 'link' ? 'me' : 'step-up'}/providers/${id}/start`, browser, accessToken),
    async finishAtProvider(id, returned, browser, known) {
      return readSignIn(await post(`/auth/providers/${id}/finish`, withTokens(returned, known), browser))
    },
    async stepUpAtProvider(id, returned, browser, { accessToken, known }) {
      const body = withDevice(returned, known)
      return readSignIn(await post(`/auth/step-up/providers/${id}/finish`, body, browser, accessToken))
    },
    async linkIdentity(id, returned, browser, accessToken) {
      await post(`/auth/me/providers/${id}/finish`, returned, browser, accessToken)
    },
    showAuthorizationRequest: (id, browser) =>
      showRequest(authorizationRequest, `/auth/authorization-requests/${id}`, browser, {
        completePath: `/oauth/authorize/complete?request=${id}`
      }),
    showLogoutRequest: (id, browser) =>
      showRequest(logoutRequest, `/auth/logout-requests/${id}`, browser, {
        completePath: `/oauth/logout/complete?request=${id}`
      }),
    async isLive(accessToken, browser) {
      const headers = { Authorization: `Bearer ${accessToken}` }
      const { response, document } = await call('/auth/me', { headers }, browser, questionTimeoutMs)
      // 403 is about the rights of the token: the token was accepted.
      if (response.ok || response.status === 403) return true
      if (response.status === 401 || response.status === 404) return false
      throw refusal('/auth/me', response, document)
    }
  }

  async function showRequest<Request extends { complete_url: string }>(
    schema: z.ZodType<Request>,
    path: string,
    browser: ClientInfo,
    { completePath }: { completePath: `/${string}` }
  ): Promise<Request> {
    const { response, document } = await call(path, { headers: {} }, browser, timeoutMs)
    if (!response.ok) throw refusal(path, response, document)
    const request = schema.safeParse(document).data
    const issuer = await readIssuer(browser)
    // The browser leaves the page for it: never for another address, whatever the response says.
    if (request?.complete_url !== endpointOf(issuer, completePath))
      throw new TemporarilyUnavailableError({ detail: `${path} responded without a URL of ${issuer}` })
    return request
  }

  /** The issuer's URL as browsers know it, which need not be the one by which it is reached from here. */
  async function readIssuer(browser: ClientInfo): Promise<string> {
    if (knownIssuer !== undefined) return knownIssuer
    const path = '/.well-known/openid-configuration'
    const { document } = await call(path, { headers: {} }, browser, timeoutMs)
    const { success, data } = issuerMetadata.safeParse(document)
    if (!success) throw new TemporarilyUnavailableError({ detail: `${path} does not name the issuer` })
    knownIssuer = data.issuer
    return knownIssuer
  }

  async function start(path: string, browser: ClientInfo, accessToken?: string): Promise<StartedAtProvider> {
    const { success, data } = startedAtProvider.safeParse(await post(path, {}, browser, accessToken))
    if (!success) throw new TemporarilyUnavailableError({ detail: 'the issuer responded without an authorization URL' })
    return data
  }

  /** @returns the JSON of a 2xx response */
  async function post(path: string, body: unknown, browser: ClientInfo, accessToken?: string): Promise<unknown> {
    const headers = {
      'Content-Type': 'application/json',
      ...(accessToken !== undefined && { Authorization: `Bearer ${accessToken}` })
    }
    const request = { method: 'POST', headers, body: JSON.stringify(body) }
    const { response, document } = await call(path, request, browser, timeoutMs)
    if (response.ok) return document
    throw refusal(path, response, document)
  }

  /** @throws {NoResponseError} */
  async function call(path: string, request: IssuerRequest, browser: ClientInfo, withinMs: number) {
    const response = await fetch(`${authUrl}${path}`, {
      ...request,
      headers: {
        ...ownHeaders,
        ...request.headers,
        'X-Forwarded-For': browser.address,
        'User-Agent': browser.userAgent,
        'Accept-Language': browser.acceptLanguage,
        'X-Request-Id': browser.requestId
      },
      redirect: 'manual',
      signal: AbortSignal.timeout(withinMs)
    }).catch((cause) => {
      throw new NoResponseError(path, cause)
    })
    const text = await readBoundedBody(response.body, maxResponseBytes).catch((cause) => {
      throw new NoResponseError(path, cause)
    })
    return { response, document: parse(text.toString()) }
  }
}

function withDevice(body: object, known: KnownBrowser | undefined): object {
  return known?.deviceToken === undefined ? body : { ...body, device_token: known.deviceToken }
}

/** For a first factor: the second one may not be needed in this browser. */
function withTokens(body: object, known: KnownBrowser | undefined): object {
  const trusted = known?.trustedDevice === undefined ? {} : { trusted_device: known.trustedDevice }
  return { ...withDevice(body, known), ...trusted }
}

function readSignIn(response: unknown): SignInResponse {
  return { ...readTokens(response), ...browserTokensOf.safeParse(response).data }
}

interface IssuerRequest {
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** The issuer has not responded; whether it did what was requested is unknown. */
class NoResponseError extends TemporarilyUnavailableError {
  constructor(path: string, cause: unknown) {
    super({
      description: 'The token issuer cannot be reached right now. Try again in a moment.',
      detail: `no response from ${path}`,
      cause
    })
  }
}

/** The issuer's error, passed on under its own status and code. */
class RelayedError extends OAuthError {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, options: OAuthErrorOptions) {
    super('', options)
    this.code = code
    this.status = status
  }
}

function refusal(path: string, { status, headers }: Response, response: unknown): OAuthError {
  const { success, data } = errorResponse.safeParse(response)
  if (!success || status < 400 || status >= 600 || status === 500) {
    return new TemporarilyUnavailableError({ detail: `${path} responded with ${status}` })
  }
  const { error: code, error_description: description, issues } = data
  if (code === 'factor_required') {
    const members = factorRequired.safeParse(response).data
    if (members) return new FactorRequiredError({ description, members })
  }
  if (code === 'invalid_grant') return new InvalidGrantError({ description })
  if (issues) return new InvalidRequestError({ description, issues: issues as ValidationIssue[] })
  const retryAfter = headers.get('Retry-After')
  return new RelayedError(code, status, {
    description,
    headers: retryAfter === null ? {} : { 'Retry-After': retryAfter }
  })
}

/** The request for a token was this service's own: what is wrong with it is no fault of the browser's request. */
function targetRefusal(error: unknown, { resource }: TokenTarget): unknown {
  if (!(error instanceof OAuthError)) return error
  if (error.code === 'invalid_scope') {
    return new AccessDeniedError({
      description: 'This account has none of the rights that this API asks for.',
      detail: `the user holds none of the scopes asked for at ${resource}`
    })
  }
  if (error.code !== 'invalid_target') return error
  return new TemporarilyUnavailableError({ detail: `the issuer knows no API ${resource} (ROUTES_FILE)`, cause: error })
}

function readTokens(response: unknown): TokenResponse {
  const { success, data } = tokenResponse.safeParse(response)
  if (!success) throw new TemporarilyUnavailableError({ detail: 'the issuer responded without tokens' })
  return data
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
