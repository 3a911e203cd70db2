import { TooManyRequestsError } from '@countersign/oauth'
import { secretLifetimeSeconds } from '../../accounts/one-time-secrets.ts'
import { chooseLanguage } from '../../mail/mail.ts'
import type { IssuerMetrics } from '../../metrics.ts'
import { defineRoute } from '../../routing/route.ts'
import {
  beginEnrolment,
  type ContinuationDeps,
  confirmEnrolment as confirm,
  continueSignIn,
  flowEnded,
  openFlow,
  type ShownFactor
} from '../../sign-in/continue-sign-in.ts'
import { proveMailedSecret } from '../../sign-in/mailed-secrets.ts'
import { charge } from '../../sign-in/request-limits.ts'
import { signInResponse } from '../../wire/account.ts'
import {
  enrolledSignIn,
  enrolmentBody,
  enrolmentConfirmation,
  enrolmentMailBody,
  enrolmentMailSent,
  type FactorBody,
  factorBody,
  totpSetUp
} from '../../wire/second-factors.ts'
import { type AccountMail, invalidProof, requireMail } from './account-mail.ts'

const purpose = 'factor_enrolment'
/** Per account and hour. */
const mailsPerAccount = 5

export interface FlowDeps extends ContinuationDeps {
  accountMail: AccountMail | undefined
  metrics: IssuerMetrics
}

/** `POST /auth/login/factor`: completes a sign-in that returned `factor_required`. */
export const showFactor = defineRoute(
  {
    method: 'post',
    path: '/auth/login/factor',
    summary: 'Complete a sign-in, or a step-up, with a second factor',
    access: 'public',
    body: factorBody,
    takesProof: true,
    response: { status: 200, schema: signInResponse },
    errors: [401, 404, 429]
  },
  (deps: FlowDeps) =>
    async ({ body, dpopKey, origin, ctx }) => {
      const step = stepOf(body, dpopKey, origin, ctx.get('Accept-Language'))
      const response = await continueSignIn(deps, step, factorOf(body))
      deps.accountMail?.wake()
      return response
    },
  ({ metrics }) =>
    (_body, code) =>
      metrics.countSignIn(code ?? 'succeeded')
)

/** `POST /auth/login/enrolment/mail`: mails a code that the first second factor of a user with a verified address needs. */
export const mailEnrolmentCode = defineRoute(
  {
    method: 'post',
    path: '/auth/login/enrolment/mail',
    summary: 'Request the mail with the code that setting up the first second factor requires',
    access: 'public',
    body: enrolmentMailBody,
    takesProof: true,
    response: { status: 202, schema: enrolmentMailSent },
    errors: [404, 429]
  },
  (deps: FlowDeps) =>
    async ({ body, dpopKey, ctx }) => {
      const { enrolmentMail, wake } = requireMail(deps)
      const flow = await openFlow(deps, { flow: body.flow, dpopKey })
      if (!flow.isEnrolment || !flow.hasMailbox) throw flowEnded()
      await charge(deps.counters, [{ name: purpose, key: flow.user.id, limit: mailsPerAccount, windowSeconds: 3600 }])
      const outcome = await enrolmentMail.request({
        userId: flow.user.id,
        flowHash: flow.hash,
        language: chooseLanguage(ctx.get('Accept-Language'))
      })
      if (outcome === 'too_many')
        throw new TooManyRequestsError({ retryAfterSeconds: 3600, detail: 'mails per address' })
      wake()
      return { expires_in: secretLifetimeSeconds[purpose] }
    }
)

/** `POST /auth/login/enrolment`: begins to set up an authenticator app within a sign-in that needs one. */
export const enrol = defineRoute(
  {
    method: 'post',
    path: '/auth/login/enrolment',
    summary: 'Begin to set up the second factor that a sign-in requires',
    access: 'public',
    body: enrolmentBody,
    takesProof: true,
    response: { status: 200, schema: totpSetUp },
    errors: [404, 429]
  },
  (deps: FlowDeps) =>
    async ({ body, dpopKey }) => {
      const flow = await openFlow(deps, { flow: body.flow, dpopKey })
      if (body.code === undefined) return beginEnrolment(deps, flow)
      const { codec, secrets, enrolmentMail } = requireMail(deps)
      const proof = codec.proofOf(purpose, { flow: body.flow, code: body.code })
      const user = await proveMailedSecret({ secrets, counters: deps.counters }, purpose, proof)
      if (user?.userId !== flow.user.id || !(await enrolmentMail.confirm({ flowHash: flow.hash, proof }))) {
        throw invalidProof()
      }
      return beginEnrolment(deps, { ...flow, hasProvenMailbox: true })
    }
)

/** `POST /auth/login/enrolment/confirm`: adds the authenticator app with its first code, and completes the sign-in. */
export const confirmEnrolment = defineRoute(
  {
    method: 'post',
    path: '/auth/login/enrolment/confirm',
    summary: 'Add the second factor that was set up, and complete the sign-in',
    access: 'public',
    body: enrolmentConfirmation,
    takesProof: true,
    response: { status: 200, schema: enrolledSignIn },
    errors: [401, 404]
  },
  (deps: FlowDeps) =>
    async ({ body, dpopKey, origin, ctx }) => {
      const response = await confirm(deps, stepOf(body, dpopKey, origin, ctx.get('Accept-Language')), body.totp)
      deps.accountMail?.wake()
      return response
    },
  ({ metrics }) =>
    (_body, code) =>
      metrics.countSignIn(code ?? 'succeeded')
)

function factorOf({ totp, recovery_code, passkey }: FactorBody): ShownFactor {
  if (passkey) return { method: 'passkey', assertion: passkey }
  return totp === undefined ? { method: 'recovery_code', code: recovery_code ?? '' } : { method: 'totp', code: totp }
}

function stepOf(
  body: { flow: string; trust_device?: boolean | undefined; device_token?: string | undefined },
  dpopKey: Parameters<typeof continueSignIn>[1]['dpopKey'],
  origin: Parameters<typeof continueSignIn>[1]['origin'],
  acceptLanguage: string
) {
  return {
    flow: body.flow,
    dpopKey,
    trustDevice: body.trust_device === true,
    deviceToken: body.device_token,
    language: chooseLanguage(acceptLanguage),
    origin
  }
}
