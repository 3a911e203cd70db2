import { FactorRequiredError, NotSignedInError } from '@countersign/oauth'
import { describeError, requireJsonBody } from '@countersign/service-kit'
import type { Context, Middleware } from 'koa'
import { z } from 'zod'
import { clientInfoOf } from '../requests/client-info.ts'
import { requireShownUser } from '../requests/require-shown-user.ts'
import { readKnownBrowser, type SiteCookies, setOpaque } from '../requests/site-cookies.ts'
import type { LiveConnections } from '../sessions/live-connections.ts'
import type { PresentedSession, SessionService, StartedSession } from '../sessions/session-service.ts'

export interface SessionDeps {
  sessions: SessionService
  liveConnections: LiveConnections
  cookies: SiteCookies
}

/** The issuer decides what it accepts; here only the size of the body is limited. */
const credentials = z.strictObject({ username: z.string(), password: z.string() })

/** `POST /bff/session`: signs in. The id in the cookie is always new, whatever the browser sent. */
export function startSession(deps: SessionDeps): Middleware[] {
  const { sessions, cookies } = deps
  return [
    requireJsonBody(credentials),
    async function startSession(ctx) {
      const browser = clientInfoOf(ctx)
      const former = await sessions.find(cookies.session.read(ctx))
      const known = readKnownBrowser(cookies, ctx)
      const session = await keepingFlow(cookies, ctx, () => sessions.start(ctx.state.body, browser, known))
      deliver(deps, ctx, session, former)
      // The new session exists and is delivered, even if the old one cannot be removed: the issuer has ended that one.
      if (former) await sessions.end(former, browser).catch(logAsOpen(ctx))
    }
  ]
}

/** `POST /bff/session/step-up`: re-authenticates the user, whose session goes on under a new id. */
export function stepUp(deps: SessionDeps, proof: z.ZodType = z.strictObject({ password: z.string() })): Middleware[] {
  const { sessions, cookies } = deps
  return [
    requireJsonBody(proof),
    async function stepUp(ctx) {
      const former = await sessions.find(cookies.session.read(ctx))
      if (!former) throw new NotSignedInError()
      requireShownUser(ctx, former)
      const known = readKnownBrowser(cookies, ctx)
      await replaceSession(deps, ctx, former, () => sessions.stepUp(former, ctx.state.body, clientInfoOf(ctx), known))
    }
  ]
}

/** Gives the browser the session that takes the place of the one that it has. */
export async function replaceSession(
  deps: SessionDeps,
  ctx: Context,
  former: PresentedSession,
  stepUp: () => Promise<StartedSession>
): Promise<void> {
  deliver(deps, ctx, await keepingFlow(deps.cookies, ctx, stepUp), former)
  await deps.sessions.forget(former).catch(logAsOpen(ctx))
}

/** When a second factor is missing, the browser keeps the flow where no script sees it. */
export async function keepingFlow<T>({ flow }: SiteCookies, ctx: Context, signIn: () => Promise<T>): Promise<T> {
  try {
    return await signIn()
  } catch (error) {
    if (!(error instanceof FactorRequiredError)) throw error
    const { flow: id, ...members } = error.members
    setOpaque(flow, ctx, String(id))
    throw new FactorRequiredError({ description: error.description, members })
  }
}

/** Gives the browser its new session, in the place of the one that it had. */
export function deliver(
  { liveConnections, cookies }: SessionDeps,
  ctx: Context,
  session: StartedSession,
  former: PresentedSession | undefined
): void {
  if (former) cookies.session.clearFormer(ctx)
  cookies.session.set(ctx, session.id)
  setOpaque(cookies.device, ctx, session.deviceToken)
  setOpaque(cookies.trustedDevice, ctx, session.trustedDevice)
  serveSession(ctx, session)
  if (session.recoveryCodes) ctx.body = { ...(ctx.body as object), recovery_codes: session.recoveryCodes }
  if (former) liveConnections.endOf(former.sessionId)
}

export function logAsOpen({ state }: Context) {
  return (error: unknown) =>
    state.log.warn({ cause: describeError(error) }, 'the previous session is still in the store')
}

/** `GET /bff/session`: the user who is signed in, as far as the issuer knows. */
export function showSession({ sessions, cookies }: SessionDeps): Middleware {
  return async function showSession(ctx) {
    const session = await sessions.find(cookies.session.read(ctx))
    if (!session) throw new NotSignedInError()
    const { session: confirmed } = await sessions.confirm(session, clientInfoOf(ctx))
    if (cookies.session.isFormer(ctx)) {
      cookies.session.clearFormer(ctx)
      cookies.session.set(ctx, session.id)
    }
    serveSession(ctx, confirmed)
  }
}

/** `DELETE /bff/session`: signs out. It succeeds without a session, too. */
export function endSession({ sessions, liveConnections, cookies }: SessionDeps): Middleware {
  return async function endSession(ctx) {
    const session = await sessions.find(cookies.session.read(ctx))
    if (session) {
      requireShownUser(ctx, session)
      liveConnections.endOf(session.sessionId)
      await sessions.end(session, clientInfoOf(ctx))
      cookies.session.clearFormer(ctx)
    }
    cookies.session.clear(ctx)
    ctx.set('Cache-Control', 'no-store')
    ctx.status = 204
  }
}

function serveSession(ctx: Context, { userId, username, roles, sessionId }: PresentedSession): void {
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { user_id: userId, username, roles, session_id: sessionId }
}
