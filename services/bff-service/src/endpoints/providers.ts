/** Sign-in with other services: the browser goes to one, and comes back here. */
import { FactorRequiredError, InvalidRequestError, NotSignedInError, OAuthError } from '@countersign/oauth'
import { requireForm, requireJsonBody } from '@countersign/service-kit'
import type { Context, Middleware } from 'koa'
import { z } from 'zod'
import type { IssuerClient } from '../issuer/issuer-client.ts'
import { authorizePath } from '../pages/pages.ts'
import { serveReturnPage } from '../pages/return-page.ts'
import { clientInfoOf } from '../requests/client-info.ts'
import { type JourneyPurpose, journeyPurposes, pageOf, readJourney, setJourney } from '../requests/provider-journey.ts'
import { requireSameOriginForm } from '../requests/require-same-origin.ts'
import { requireShownUser } from '../requests/require-shown-user.ts'
import { readKnownBrowser } from '../requests/site-cookies.ts'
import { deliver, keepingFlow, logAsOpen, replaceSession, type SessionDeps } from './session.ts'

export interface ProviderDeps extends SessionDeps {
  issuer: IssuerClient
  publicUrl: string
  /** Where the pages stand: `/`, or a path without a slash at its end. */
  pagesPath: string
}

/** Whether it can be the id of a provider: it becomes part of a path at the issuer. */
const isProviderId = (id: string) => /^[a-z\d-]{1,32}$/.test(id)

/** `GET /bff/providers`: what can be offered on a page. */
export function listProviders({ issuer }: ProviderDeps): Middleware {
  return async function listProviders(ctx) {
    const offered = await issuer.listProviders(clientInfoOf(ctx))
    ctx.set('Cache-Control', 'no-store')
    ctx.body = offered
  }
}

const journey = z.strictObject({ purpose: z.enum(journeyPurposes), return: z.string().max(1024).optional() })

/** `POST /bff/providers/:id/start`: where a page sends the browser. A cookie remembers in which browser that was. */
export function startAtProvider({ sessions, issuer, cookies }: ProviderDeps): Middleware[] {
  return [
    requireJsonBody(journey),
    async function startAtProvider(ctx) {
      const id = providerOf(ctx)
      const { purpose, return: returnPath } = ctx.state.body as z.infer<typeof journey>
      const browser = clientInfoOf(ctx)
      const startInSession = async (within: 'link' | 'step_up') => {
        const session = await sessions.find(cookies.session.read(ctx))
        if (!session) throw new NotSignedInError()
        requireShownUser(ctx, session)
        const { accessToken } = await sessions.freshen(session, browser)
        return issuer.startInSession(within, id, browser, accessToken)
      }
      const started = await (purpose === 'sign_in' ? issuer.startAtProvider(id, browser) : startInSession(purpose))
      setJourney(cookies, ctx, { transaction: started.transaction, purpose, returnPath: pageOf(returnPath) })
      ctx.set('Cache-Control', 'no-store')
      ctx.body = { authorization_url: started.authorization_url }
    }
  ]
}

/**
 * `GET` and, where the provider posts its response, `POST /bff/providers/:id/callback`. The browser comes from another site, so that it sends
 * no cookie with `SameSite=Strict`, and none at all with a POST: the page posts the parameters once more, from this origin.
 */
export function returnFromProvider(): Middleware[] {
  return [
    async function returnFromProvider(ctx) {
      serveReturnPage(ctx, providerOf(ctx), [...new URLSearchParams(ctx.querystring)])
    }
  ]
}

export function postFromProvider(): Middleware[] {
  return [
    requireForm(z.looseObject({})),
    async function postFromProvider(ctx) {
      serveReturnPage(ctx, providerOf(ctx), Object.entries(ctx.state.body as Record<string, string>))
    }
  ]
}

/**
 * `POST /bff/providers/:id/finish`, a form: starts the session, links the identity, or re-authenticates the user, and leads to a page,
 * whatever comes of it.
 */
export function finishAtProvider(deps: ProviderDeps): Middleware[] {
  const { publicUrl, cookies, pagesPath } = deps
  const base = pagesPath === '/' ? '' : pagesPath
  return [
    requireSameOriginForm(publicUrl),
    requireForm(z.strictObject({ returned: z.string().max(16_000) })),
    async function finishAtProvider(ctx) {
      const id = providerOf(ctx)
      const taken = readJourney(cookies, ctx)
      cookies.provider.clear(ctx)
      const { purpose = 'sign_in', returnPath = '/' } = taken ?? {}
      try {
        if (!taken) throw new LostJourneyError()
        const returned = { transaction: taken.transaction, parameters: parametersOf(ctx.state.body.returned) }
        await finish[purpose](deps, ctx, id, returned)
        redirect(ctx, purpose === 'link' ? `${base}/?linked=${id}` : returnPath)
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error
        ctx.state.log.info({ code: error.code, provider: id }, 'a sign-in with another service was refused')
        redirect(ctx, pageAfterRefusal[purpose]({ base, code: error.code, returnPath }) + nextStepOf(error))
      }
    }
  ]
}

/** A page with the reason in its address. */
const pageAfterRefusal: Record<
  JourneyPurpose,
  (refusal: { base: string; code: string; returnPath: string }) => string
> = {
  sign_in: ({ base, code, returnPath }) => signInPageFor(base, new URLSearchParams({ problem: code }), returnPath),
  link: ({ base, code }) => `${base}/?${new URLSearchParams({ problem: code })}`,
  step_up({ code, returnPath }) {
    const [path, query = ''] = returnPath.split('#', 1).join('').split('?', 2)
    const parameters = new URLSearchParams(query)
    parameters.set('step_up_problem', code)
    return `${path}?${parameters}`
  }
}

/** The page that asks for a sign-in, and says why the last one failed: that of an app, or the general one, which leads back. */
function signInPageFor(base: string, problem: URLSearchParams, returnPath: string): string {
  if (returnPath.startsWith(`${base}${authorizePath}?`)) return `${returnPath}&${problem}`
  return `${base}/sign-in?${problem}${returnPath === '/' ? '' : `&${new URLSearchParams({ return: returnPath })}`}`
}

/** What the page needs to ask for the second factor. The flow itself is in its cookie. */
function nextStepOf(error: OAuthError): string {
  if (!(error instanceof FactorRequiredError)) return ''
  return `#${Buffer.from(JSON.stringify(error.members)).toString('base64url')}`
}

interface Returned {
  readonly transaction: string
  readonly parameters: Record<string, string>
}

async function signIn(deps: ProviderDeps, ctx: Context, id: string, returned: Returned): Promise<void> {
  const { sessions, cookies } = deps
  const browser = clientInfoOf(ctx)
  const former = await sessions.find(cookies.session.read(ctx))
  const known = readKnownBrowser(cookies, ctx)
  const session = await keepingFlow(cookies, ctx, () => sessions.startByProvider(id, returned, browser, known))
  deliver(deps, ctx, session, former)
  if (former) await sessions.end(former, browser).catch(logAsOpen(ctx))
}

async function stepUp(deps: ProviderDeps, ctx: Context, id: string, returned: Returned): Promise<void> {
  const { sessions, cookies } = deps
  const former = await sessions.find(cookies.session.read(ctx))
  if (!former) throw new NotSignedInError()
  const known = readKnownBrowser(cookies, ctx)
  await replaceSession(deps, ctx, former, () =>
    sessions.stepUpByProvider(former, id, returned, clientInfoOf(ctx), known)
  )
}

async function link({ sessions, cookies, issuer }: ProviderDeps, ctx: Context, id: string, returned: Returned) {
  const session = await sessions.find(cookies.session.read(ctx))
  if (!session) throw new NotSignedInError()
  const browser = clientInfoOf(ctx)
  const { accessToken } = await sessions.freshen(session, browser)
  await issuer.linkIdentity(id, returned, browser, accessToken)
}

const finish = { sign_in: signIn, link, step_up: stepUp }

/** The browser has no cookie of a journey: it is another one, or took too long. */
class LostJourneyError extends OAuthError {
  readonly code = 'invalid_transaction'
  readonly status = 400

  constructor() {
    super('This sign-in was not begun in this browser.')
  }
}

function providerOf(ctx: Context): string {
  const { id } = ctx.params as { id: string }
  if (!isProviderId(id)) throw new InvalidRequestError({ description: 'There is no sign-in with this service here.' })
  return id
}

const parameters = z.record(z.string(), z.string())

function parametersOf(returned: string): Record<string, string> {
  try {
    return parameters.parse(JSON.parse(Buffer.from(returned, 'base64url').toString()))
  } catch {
    throw new InvalidRequestError({ description: 'The form is not one of this service.' })
  }
}

function redirect(ctx: Context, path: string): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.status = 303
  ctx.redirect(path)
}
