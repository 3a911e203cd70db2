import type Router from '@koa/router'
import type { Middleware } from 'koa'
import type { IssuerClient } from '../issuer/issuer-client.ts'
import { authorizePath, pagePaths, serveAsset, serveAuthorizePage, servePage, serveRootFile } from '../pages/pages.ts'
import type { WebAssets } from '../pages/web-assets.ts'
import { isAccountPath } from '../proxy/account-paths.ts'
import type { Api } from '../proxy/apis.ts'
import { type AddedHeaderNames, createHeaderFilter } from '../proxy/headers.ts'
import { proxiedMethods } from '../proxy/methods.ts'
import { proxy } from '../proxy/proxy.ts'
import type { Upstream } from '../proxy/upstream.ts'
import { requireSameOrigin } from '../requests/require-same-origin.ts'
import { showAuthorizationRequest, showLogoutRequest } from './authorization-requests.ts'
import { checkCookies } from './cookie-check.ts'
import { undoEmailChange } from './email-undo.ts'
import { acceptInvitation, showInvitation } from './invitations.ts'
import { requestMailSignIn, signInByMail } from './mail-sign-in.ts'
import { askForPasskey, passkeyProof, signInByPasskey } from './passkeys.ts'
import { confirmPasswordReset, requestPasswordReset } from './password-reset.ts'
import { finishAtProvider, listProviders, postFromProvider, returnFromProvider, startAtProvider } from './providers.ts'
import { register, showRegistration } from './registration.ts'
import { endSession, type SessionDeps, showSession, startSession, stepUp } from './session.ts'
import { confirmEnrolment, enrol, mailEnrolmentCode, showFactor } from './sign-in-flow.ts'

export interface RouteDeps extends SessionDeps {
  publicUrl: string
  /** The checks in front of each route. */
  requireSite: Middleware
  issuer: IssuerClient
  assets: WebAssets
  /** Where the pages stand: `/`, or a path without a slash at its end. */
  pagesPath: string
  apis: readonly Api[]
  auth: Upstream
  proxyBodyLimitBytes: number
  proxyRequestHeaders: readonly string[]
  proxyResponseHeaders: readonly string[]
}

/** Adds every route. */
export function addRoutes(router: Router, deps: RouteDeps): void {
  const { sessions, liveConnections, cookies, requireSite, proxyBodyLimitBytes: bodyLimitBytes } = deps
  const guard = [requireSite, requireSameOrigin(deps.publicUrl)]
  router.post('/bff/session', ...guard, ...startSession(deps))
  router.post('/bff/session/step-up', ...guard, ...stepUp(deps))
  router.post('/bff/session/factor', ...guard, ...showFactor(deps))
  router.post('/bff/session/enrolment', ...guard, ...enrol(deps))
  router.post('/bff/session/enrolment/mail', ...guard, ...mailEnrolmentCode(deps))
  router.post('/bff/session/enrolment/confirm', ...guard, ...confirmEnrolment(deps))
  router.post('/bff/session/passkey/options', ...guard, ...askForPasskey(deps))
  router.post('/bff/session/passkey', ...guard, ...signInByPasskey(deps))
  router.post('/bff/session/mail', ...guard, ...requestMailSignIn(deps))
  router.post('/bff/session/mail/confirm', ...guard, ...signInByMail(deps))
  router.post('/bff/session/step-up/passkey', ...guard, ...stepUp(deps, passkeyProof))
  router.get('/bff/session', ...guard, showSession(deps))
  router.delete('/bff/session', ...guard, endSession(deps))
  router.get('/bff/registration', ...guard, showRegistration(deps))
  router.get('/bff/cookies', ...guard, checkCookies(deps))
  router.post('/bff/registration', ...guard, ...register(deps))
  router.post('/bff/password-reset', ...guard, ...requestPasswordReset(deps))
  router.post('/bff/password-reset/confirm', ...guard, ...confirmPasswordReset(deps))
  router.post('/bff/email-undo', ...guard, ...undoEmailChange(deps))
  router.post('/bff/invitations/show', ...guard, ...showInvitation(deps))
  router.post('/bff/invitations/accept', ...guard, ...acceptInvitation(deps))
  router.get('/bff/authorization-requests/:id', ...guard, showAuthorizationRequest(deps))
  router.get('/bff/logout-requests/:id', ...guard, showLogoutRequest(deps))
  router.get('/bff/providers', ...guard, listProviders(deps))
  router.post('/bff/providers/:id/start', ...guard, ...startAtProvider(deps))
  // The browser comes from another site, and gets a page; only what that page sends does something.
  router.get('/bff/providers/:id/callback', requireSite, ...returnFromProvider())
  router.post('/bff/providers/:id/callback', requireSite, ...postFromProvider())
  router.post('/bff/providers/:id/finish', requireSite, ...finishAtProvider(deps))
  const toApis = createHeaderFilter(addedHeaderNames(deps))
  const auth = { prefix: '/account', upstream: deps.auth, headers: createHeaderFilter(), allows: isAccountPath }
  for (const target of [...deps.apis.map((api) => ({ ...api, headers: toApis })), auth]) {
    const forward = proxy({ ...target, sessions, liveConnections, cookie: cookies.session, bodyLimitBytes })
    router.register(`${target.prefix}/{*path}`, [...proxiedMethods], [...guard, forward])
  }
  addPages(router, deps)
}

function addPages(router: Router, { assets, pagesPath, requireSite }: RouteDeps): void {
  const base = pagesPath === '/' ? '' : pagesPath
  router.get(`${base}/assets/:name`, requireSite, serveAsset(assets))
  for (const [path, file] of assets.files) {
    if (!path.includes('/')) router.get(`${base}/${path}`, requireSite, serveRootFile(path, file))
  }
  router.get(`${base}${authorizePath}`, requireSite, serveAuthorizePage(assets))
  router.get(pagePaths(pagesPath), requireSite, servePage(assets))
}

/** The headers that the operator adds are only for the APIs: the issuer needs none of them. */
function addedHeaderNames({
  proxyRequestHeaders: request,
  proxyResponseHeaders: response
}: RouteDeps): AddedHeaderNames {
  return { request, response }
}
