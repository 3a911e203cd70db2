import { ConflictError, TooManyRequestsError } from '@countersign/oauth'
import { mailableRule } from '../../accounts/email-addresses.ts'
import { secretLifetimeSeconds } from '../../accounts/one-time-secrets.ts'
import { chooseLanguage } from '../../mail/mail.ts'
import { defineRoute } from '../../routing/route.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { proveMailedSecret } from '../../sign-in/mailed-secrets.ts'
import { charge } from '../../sign-in/request-limits.ts'
import { emailConfirmation, mailRequested } from '../../wire/account.ts'
import { type AccountMailDeps, addressTaken, invalidProof, requireMail, shownProof } from './account-mail.ts'

const purpose = 'email_verification'
/** Per hour. */
const requestsPerUser = 5

/** `POST /auth/email/verification`: mails a link and a code to the address that the user gave. */
export const requestEmailVerification = defineRoute(
  {
    method: 'post',
    path: '/auth/email/verification',
    summary: "Request a mail that verifies the user's e-mail address",
    access: 'user-in-person',
    response: { status: 202, schema: mailRequested },
    errors: [404, 409, 429]
  },
  ({ counters, ...deps }: AccountMailDeps & { counters: AttemptCounters }) =>
    async ({ accessToken, ctx }) => {
      const { codec, verification, wake } = requireMail(deps)
      const budget = { name: purpose, key: accessToken.sub, limit: requestsPerUser, windowSeconds: 3600 }
      await charge(counters, [budget])
      const { flow, flowHash } = codec.newFlow()
      const language = chooseLanguage(ctx.get('Accept-Language'))
      const outcome = await verification.request({ userId: accessToken.sub, flowHash, language })
      if (outcome !== 'requested') await counters.settle({ refunded: [budget] })
      if (outcome === 'too_many')
        throw new TooManyRequestsError({ retryAfterSeconds: 3600, detail: 'mails per address' })
      if (outcome !== 'requested') throw new ConflictError({ code: outcome, description: refusals[outcome] })
      wake()
      return { flow, expires_in: secretLifetimeSeconds[purpose] }
    }
)

const refusals = {
  no_address: 'There is no e-mail address in this account.',
  already_verified: 'The e-mail address is verified already.',
  not_mailable: `No mail is sent to this address. It has to be ${mailableRule}.`
}

/**
 * `POST /auth/email/verification/confirm`: in a session of the user, so that a link which somebody else opens, or a scanner, changes
 * nothing. Without a session, a sign-in comes first.
 */
export const confirmEmail = defineRoute(
  {
    method: 'post',
    path: '/auth/email/verification/confirm',
    summary: 'Verify the e-mail address with the link or code of a mail; no session ends',
    access: 'user-in-person',
    body: emailConfirmation,
    response: { status: 204 },
    errors: [404, 409]
  },
  ({ counters, ...deps }: AccountMailDeps & { counters: AttemptCounters }) =>
    async ({ body, accessToken, origin }) => {
      const { codec, secrets, verification } = requireMail(deps)
      const proof = codec.proofOf(purpose, shownProof(body))
      const user = await proveMailedSecret({ secrets, counters }, purpose, proof)
      if (user?.userId !== accessToken.sub) throw invalidProof()
      const outcome = await verification.confirm({ userId: user.userId, sessionId: accessToken.sid, proof, origin })
      if (outcome === 'invalid') throw invalidProof()
      if (outcome === 'taken') throw addressTaken()
    }
)
