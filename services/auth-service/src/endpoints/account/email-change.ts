import { ConflictError, TooManyRequestsError } from '@countersign/oauth'
import { secretLifetimeSeconds } from '../../accounts/one-time-secrets.ts'
import { parseUsername } from '../../accounts/usernames.ts'
import { chooseLanguage } from '../../mail/mail.ts'
import type { PasswordHashing } from '../../passwords/password-hashing.ts'
import { defineRoute } from '../../routing/route.ts'
import { sessionEnded } from '../../sessions/session-ended.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { flowOfAttempt } from '../../sign-in/attempt-flow.ts'
import { proveMailedSecret } from '../../sign-in/mailed-secrets.ts'
import { charge } from '../../sign-in/request-limits.ts'
import { emailChangeBody, emailConfirmation, emailUndoBody, mailRequested } from '../../wire/account.ts'
import { type AccountMailDeps, addressTaken, invalidProof, requireMail, shownProof } from './account-mail.ts'
import { requireGoodPassword } from './password-reset.ts'

const purpose = 'email_change'
const undoPurpose = 'email_undo'
/** Per account and hour, to all addresses. */
const requestsPerAccount = 10

export interface EmailChangeDeps extends AccountMailDeps {
  passwords: PasswordHashing
  counters: AttemptCounters
}

/** `POST /auth/me/email`: mails a link and a code to the new address. Until they are used, the address stays. */
export const requestEmailChange = defineRoute(
  {
    method: 'post',
    path: '/auth/me/email',
    summary: 'Request a change of the e-mail address: the new address gets a mail with a link and a code',
    access: 'user-in-person',
    needsRecentSignIn: true,
    body: emailChangeBody,
    response: { status: 202, schema: mailRequested },
    errors: [404, 409, 429]
  },
  (deps: EmailChangeDeps) =>
    async ({ body, accessToken, ctx }) => {
      const { codec, emailChange, wake } = requireMail(deps)
      const { sub: userId, sid: sessionId } = accessToken
      await charge(deps.counters, [{ name: purpose, key: userId, limit: requestsPerAccount, windowSeconds: 3600 }])
      const { flow, flowHash } = codec.newFlow()
      const outcome = await emailChange.request({
        userId,
        sessionId,
        email: body.email,
        flowHash,
        language: chooseLanguage(ctx.get('Accept-Language'))
      })
      if (outcome === 'session_ended') throw sessionEnded()
      if (outcome === 'too_many') {
        throw new TooManyRequestsError({ retryAfterSeconds: 3600, detail: 'mails per address' })
      }
      if (outcome === 'already_verified') {
        throw new ConflictError({ code: outcome, description: 'This is the e-mail address of the account already.' })
      }
      wake()
      return { flow, expires_in: secretLifetimeSeconds[purpose] }
    }
)

/** `POST /auth/me/email/confirm`: in a session of the user, as for a verification. */
export const confirmEmailChange = defineRoute(
  {
    method: 'post',
    path: '/auth/me/email/confirm',
    summary: 'Change the e-mail address with the link or code of the mail to the new one; no session ends',
    access: 'user-in-person',
    body: emailConfirmation,
    response: { status: 204 },
    errors: [404, 409]
  },
  (deps: EmailChangeDeps) =>
    async ({ body, accessToken, origin, ctx }) => {
      const { codec, secrets, emailChange, wake } = requireMail(deps)
      const proof = codec.proofOf(purpose, shownProof(body))
      const user = await proveMailedSecret({ secrets, counters: deps.counters }, purpose, proof)
      if (user?.userId !== accessToken.sub) throw invalidProof()
      const language = chooseLanguage(ctx.get('Accept-Language'))
      const { sub: userId, sid: sessionId } = accessToken
      const outcome = await emailChange.confirm({ userId, sessionId, proof, language, origin })
      if (outcome === 'invalid') throw invalidProof()
      if (outcome === 'taken') throw addressTaken()
      wake()
    }
)

/** `POST /auth/email/undo`: without a session, since somebody else may have changed the password, too. It signs nobody in. */
export const undoEmailChange = defineRoute(
  {
    method: 'post',
    path: '/auth/email/undo',
    summary:
      'Restore the previous e-mail address with the link of the mail to it, and set a new password: all sessions end',
    access: 'public',
    limit: 'password-hashing',
    body: emailUndoBody,
    response: { status: 204 },
    errors: [404, 409]
  },
  (deps: EmailChangeDeps) =>
    async ({ body, origin, ctx }) => {
      const { codec, secrets, emailChange, wake } = requireMail(deps)
      await requireGoodPassword(body.new_password, '')
      const proof = codec.proofOf(undoPurpose, body)
      const user = await secrets.find(undoPurpose, proof)
      if (!user) throw invalidProof()
      await requireGoodPassword(body.new_password, user.username)
      const flow = flowOfAttempt(parseUsername(user.username)?.key ?? '', origin.address)
      const { outcome } = await emailChange.undo({
        proof,
        newPasswordHash: await deps.passwords.hash(body.new_password, flow),
        language: chooseLanguage(ctx.get('Accept-Language')),
        origin
      })
      if (outcome === 'invalid') throw invalidProof()
      if (outcome === 'taken') throw addressTaken()
      wake()
    }
)
