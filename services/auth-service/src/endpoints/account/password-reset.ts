import { InvalidRequestError } from '@countersign/oauth'
import { secretLifetimeSeconds } from '../../accounts/one-time-secrets.ts'
import { parseUsername } from '../../accounts/usernames.ts'
import { chooseLanguage } from '../../mail/mail.ts'
import type { PasswordHashing } from '../../passwords/password-hashing.ts'
import { refusalOfPassword } from '../../passwords/password-policy.ts'
import { defineRoute } from '../../routing/route.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { flowOfAttempt } from '../../sign-in/attempt-flow.ts'
import { proveMailedSecret } from '../../sign-in/mailed-secrets.ts'
import { chargeAddress } from '../../sign-in/request-limits.ts'
import { mailRequested, passwordResetBody, passwordResetConfirmation } from '../../wire/account.ts'
import { type AccountMailDeps, invalidProof, recipientOf, requireMail, shownProof } from './account-mail.ts'

const purpose = 'password_reset'
/** Per address and hour. */
const requestsPerAddress = 20

/** `POST /auth/password-reset`: mails a link and a code to the verified address of the user, if there is one. */
export const requestPasswordReset = defineRoute(
  {
    method: 'post',
    path: '/auth/password-reset',
    summary: 'Request a password-reset mail; the response does not reveal whether the user exists',
    access: 'public',
    body: passwordResetBody,
    response: { status: 202, schema: mailRequested },
    errors: [404, 429]
  },
  ({ counters, ...deps }: AccountMailDeps & { counters: AttemptCounters }) =>
    async ({ body, origin, ctx }) => {
      const { codec, resets, wake } = requireMail(deps)
      await chargeAddress(counters, { name: 'password_reset', address: origin.address, limit: requestsPerAddress })
      const { flow, flowHash } = codec.newFlow()
      await resets.request({
        ...recipientOf(body),
        flowHash,
        language: chooseLanguage(ctx.get('Accept-Language')),
        origin
      })
      wake()
      return { flow, expires_in: secretLifetimeSeconds[purpose] }
    }
)

/** `POST /auth/password-reset/confirm`: sets a new password, and ends all sessions of the user. It signs nobody in. */
export const confirmPasswordReset = defineRoute(
  {
    method: 'post',
    path: '/auth/password-reset/confirm',
    summary: 'Set a new password with the link or code of a mail: all sessions end',
    access: 'public',
    limit: 'password-hashing',
    body: passwordResetConfirmation,
    response: { status: 204 },
    errors: [404]
  },
  ({ passwords, counters, ...deps }: AccountMailDeps & { passwords: PasswordHashing; counters: AttemptCounters }) =>
    async ({ body, origin, ctx }) => {
      const { codec, secrets, resets, wake } = requireMail(deps)
      await requireGoodPassword(body.new_password, '')
      const proof = codec.proofOf(purpose, shownProof(body))
      const user = await proveMailedSecret({ secrets, counters }, purpose, proof)
      if (!user) throw invalidProof()
      await requireGoodPassword(body.new_password, user.username)
      const flow = flowOfAttempt(parseUsername(user.username)?.key ?? '', origin.address)
      const reset = await resets.confirm({
        proof,
        newPasswordHash: await passwords.hash(body.new_password, flow),
        language: chooseLanguage(ctx.get('Accept-Language')),
        origin
      })
      if (!reset) throw invalidProof()
      wake()
    }
)

export async function requireGoodPassword(password: string, username: string): Promise<void> {
  const message = await refusalOfPassword(password, username)
  if (message) throw new InvalidRequestError({ description: message, issues: [{ path: 'new_password', message }] })
}
