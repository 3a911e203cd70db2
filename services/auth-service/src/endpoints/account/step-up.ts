import { InvalidCredentialsError } from '@countersign/oauth'
import { parseUsername } from '../../accounts/usernames.ts'
import { defineRoute } from '../../routing/route.ts'
import { sessionEnded } from '../../sessions/session-ended.ts'
import { flowOfAttempt } from '../../sign-in/attempt-flow.ts'
import { completeSignIn } from '../../sign-in/complete-sign-in.ts'
import { verifyCurrentPassword } from '../../sign-in/current-password.ts'
import { refreshHash, type SignInDeps } from '../../sign-in/sign-in.ts'
import { signInResponse, stepUpBody } from '../../wire/account.ts'
import { factorRequiredResponse } from '../../wire/second-factors.ts'

/**
 * `POST /auth/step-up`: re-authenticates the user of a session (RFC 9470). A new session takes the place of this one: for the same APIs and
 * scopes, and bound to the same key.
 */
export const stepUp = defineRoute(
  {
    method: 'post',
    path: '/auth/step-up',
    summary: 'Sign in again within a session, which a new one replaces',
    access: 'user-in-person',
    limit: 'password-hashing',
    body: stepUpBody,
    response: { status: 200, schema: signInResponse },
    errorBodies: { 401: factorRequiredResponse },
    errors: [401, 429]
  },
  (deps: SignInDeps) =>
    async ({ body, accessToken: { sub, sid, preferred_username: username, cnf }, origin }) => {
      const device = body.device_token === undefined ? undefined : deps.devices.read(body.device_token)
      const user = await verifyCurrentPassword(
        deps,
        { userId: sub, username, password: body.password, device, origin },
        () => deps.users.recordFailedReauthentication({ userId: sub, sessionId: sid, origin })
      )
      if (!user) throw new InvalidCredentialsError({ description: 'The password is wrong.' })
      const grant = await deps.sessions.grantOf({ familyId: sid, userId: sub })
      if (!grant) throw sessionEnded()
      const flow = flowOfAttempt(parseUsername(username)?.key ?? '', origin.address)
      await refreshHash(deps, user, body.password, flow)
      return completeSignIn(deps, {
        user,
        methods: ['pwd'],
        device,
        grant,
        jkt: cnf?.jkt,
        replacedSessionId: sid,
        origin
      })
    }
)
