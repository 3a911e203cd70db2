import { NotFoundError } from '@countersign/oauth'
import { acceptJsonBody, requireJsonBody } from '@countersign/service-kit'
import type { Context, Middleware } from 'koa'
import { z } from 'zod'
import type { IssuerClient, LastStep, NextStep } from '../issuer/issuer-client.ts'
import { clientInfoOf } from '../requests/client-info.ts'
import { readKnownBrowser, readOpaque, type SiteCookies } from '../requests/site-cookies.ts'
import { deliver, logAsOpen, type SessionDeps } from './session.ts'

export interface FlowDeps extends SessionDeps {
  issuer: IssuerClient
}

/** The issuer checks what the bodies hold. */
const factor = z.strictObject({
  totp: z.string().optional(),
  recovery_code: z.string().optional(),
  passkey: z.record(z.string(), z.unknown()).optional(),
  trust_device: z.boolean().optional()
})
const enrolment = z.strictObject({ code: z.string().optional() })
const confirmation = z.strictObject({ totp: z.string(), trust_device: z.boolean().optional() })

/** `POST /bff/session/factor`: completes a sign-in, or a re-authentication, with a second factor. */
export function showFactor(deps: FlowDeps): Middleware[] {
  return [requireJsonBody(factor), completeBy(deps, 'factor')]
}

/** `POST /bff/session/enrolment`: begins to set up the second factor that a sign-in needs. */
export function enrol(deps: FlowDeps): Middleware[] {
  return [acceptJsonBody(enrolment), continueBy(deps, 'enrolment', 200)]
}

/** `POST /bff/session/enrolment/mail`: has the code mailed that setting it up needs. */
export function mailEnrolmentCode(deps: FlowDeps): Middleware[] {
  return [acceptJsonBody(z.strictObject({})), continueBy(deps, 'enrolment/mail', 202)]
}

/** `POST /bff/session/enrolment/confirm`: adds the second factor, and completes the sign-in. */
export function confirmEnrolment(deps: FlowDeps): Middleware[] {
  return [requireJsonBody(confirmation), completeBy(deps, 'enrolment/confirm')]
}

function continueBy({ issuer, cookies }: FlowDeps, step: NextStep, status: number): Middleware {
  return async function continueSignIn(ctx) {
    const body = { ...ctx.state.body, flow: flowOf(cookies, ctx) }
    const response = await issuer.continueSignIn(step, body, clientInfoOf(ctx))
    ctx.status = status
    ctx.set('Cache-Control', 'no-store')
    ctx.body = response
  }
}

/** The session that the browser had ends; after a re-authentication, it has ended at the issuer. */
function completeBy(deps: FlowDeps, step: LastStep): Middleware {
  const { sessions, cookies } = deps
  return async function completeSignIn(ctx) {
    const browser = clientInfoOf(ctx)
    const former = await sessions.find(cookies.session.read(ctx))
    const body = { ...ctx.state.body, flow: flowOf(cookies, ctx) }
    const session = await sessions.complete(step, body, browser, readKnownBrowser(cookies, ctx))
    cookies.flow.clear(ctx)
    deliver(deps, ctx, session, former)
    if (former) await sessions.end(former, browser).catch(logAsOpen(ctx))
  }
}

/** @throws {NotFoundError} when this browser has begun no sign-in, or it took too long */
export function flowOf({ flow }: SiteCookies, ctx: Context): string {
  const id = readOpaque(flow, ctx)
  if (id === undefined) throw new NotFoundError({ description: 'This sign-in has ended. Sign in again.' })
  return id
}
