import { InvalidCredentialsError, NotFoundError } from '@countersign/oauth'
import { secretLifetimeSeconds } from '../../accounts/one-time-secrets.ts'
import type { UserCredentials, UserStore } from '../../accounts/user-store.ts'
import type { ClientInfo } from '../../client-info.ts'
import { chooseLanguage } from '../../mail/mail.ts'
import type { IssuerMetrics } from '../../metrics.ts'
import { defineRoute } from '../../routing/route.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { type CompletionDeps, completeSignIn, firstPartyGrant } from '../../sign-in/complete-sign-in.ts'
import { proveMailedSecret } from '../../sign-in/mailed-secrets.ts'
import { chargeAddress, type FailureLimit, tryFrom } from '../../sign-in/request-limits.ts'
import type { DpopKey } from '../../tokens/dpop-key.ts'
import { readGrant } from '../../tokens/requested-grant.ts'
import { mailRequested, mailSignInBody, mailSignInConfirmation, signInResponse } from '../../wire/account.ts'
import { factorRequiredResponse } from '../../wire/second-factors.ts'
import { type AccountMail, type AccountMailDeps, recipientOf, requireMail } from './account-mail.ts'

const purpose = 'mail_sign_in'
/** Per address and hour. */
const requestsPerAddress = 20

export interface MailSignInDeps extends CompletionDeps, FailureLimit {
  accountMail: AccountMail | undefined
  users: Pick<UserStore, 'findCredentialsById' | 'recordFailedSignIn'>
  counters: AttemptCounters
}

/** `POST /auth/login/mail`: mails a link and a code to the verified address of the user, if there is one. */
export const requestMailSignIn = defineRoute(
  {
    method: 'post',
    path: '/auth/login/mail',
    summary: 'Request a sign-in mail; the response does not reveal whether the user exists',
    access: 'public',
    body: mailSignInBody,
    response: { status: 202, schema: mailRequested },
    errors: [404, 429]
  },
  ({ counters, ...deps }: AccountMailDeps & { counters: AttemptCounters }) =>
    async ({ body, origin, ctx }) => {
      const { codec, signIn, wake } = requireMailSignIn(deps)
      await chargeAddress(counters, { name: purpose, address: origin.address, limit: requestsPerAddress })
      const { flow, flowHash } = codec.newFlow()
      const language = chooseLanguage(ctx.get('Accept-Language'))
      await signIn.request({ ...recipientOf(body), flowHash, language, origin })
      wake()
      return { flow, expires_in: secretLifetimeSeconds[purpose] }
    }
)

/** `POST /auth/login/mail/confirm`: signs in with the code or the link of the mail, in the flow that asked for it. */
export const mailSignIn = defineRoute(
  {
    method: 'post',
    path: '/auth/login/mail/confirm',
    summary: 'Sign in with the link or code of a mail: start a session',
    access: 'public',
    body: mailSignInConfirmation,
    takesProof: true,
    response: { status: 200, schema: signInResponse },
    errorBodies: { 401: factorRequiredResponse },
    errors: [401, 404, 429]
  },
  (deps: MailSignInDeps & { metrics: IssuerMetrics }) =>
    async ({ body, dpopKey, origin }) => {
      const { codec, wake } = requireMailSignIn(deps)
      const { flow, secret, code = '' } = body
      const proof = codec.proofOf(purpose, secret === undefined ? { flow, code } : { flow, secret })
      const grant = readGrant(body)
      const user = await tryFrom(deps, { name: 'mail_sign_in_failures', address: origin.address }, () =>
        consumeProof(deps, proof, dpopKey, origin)
      )
      if (!user) throw refusedProof()
      const response = await completeSignIn(deps, {
        user,
        methods: ['mail'],
        device: body.device_token === undefined ? undefined : deps.devices.read(body.device_token),
        trustedDevice: body.trusted_device,
        grant: firstPartyGrant(deps, grant),
        jkt: dpopKey?.jkt,
        origin
      })
      wake()
      return response
    },
  ({ metrics }) =>
    (_body, code) =>
      metrics.countSignIn(code ?? 'succeeded')
)

/** The user is read before the proof is consumed: whatever changes the credentials afterwards changes their state, too. */
async function consumeProof(
  deps: MailSignInDeps,
  proof: Parameters<typeof proveMailedSecret>[2],
  dpopKey: DpopKey | undefined,
  origin: ClientInfo
): Promise<UserCredentials | undefined> {
  const { secrets, signIn } = requireMailSignIn(deps)
  const { users, counters } = deps
  const proven = await proveMailedSecret({ secrets, counters }, purpose, proof, (userId) =>
    users.recordFailedSignIn(userId, origin)
  )
  const user = proven && (await users.findCredentialsById(proven.userId))
  if (!user) return undefined
  await dpopKey?.markUsed()
  return (await signIn.consume(proof)) ? user : undefined
}

/** @throws {NotFoundError} where users cannot sign in by mail */
function requireMailSignIn(deps: AccountMailDeps) {
  const { signIn, ...mail } = requireMail(deps)
  if (signIn) return { ...mail, signIn }
  throw new NotFoundError({ description: 'Users cannot sign in by mail here: the operator has to turn it on.' })
}

/** The same for each reason, since it must not tell who has an account. */
function refusedProof(): InvalidCredentialsError {
  return new InvalidCredentialsError({
    description:
      'This link or code is not valid here: it is wrong, was used, has expired, was replaced by a later one, or belongs to another sign-in.'
  })
}
