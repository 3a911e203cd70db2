import { InvalidCredentialsError } from '@countersign/oauth'
import { defineRoute } from '../../routing/route.ts'
import { flowOfAttempt } from '../../sign-in/attempt-flow.ts'
import { completeSignIn } from '../../sign-in/complete-sign-in.ts'
import { verifyCurrentPassword } from '../../sign-in/current-password.ts'
import { refreshHash, type SignInDeps } from '../../sign-in/sign-in.ts'
import { readGrant } from '../../tokens/requested-grant.ts'
import { signInResponse, stepUpBody } from '../../wire/account.ts'

/**
 * `POST /auth/step-up`: the user of a session shows once more who they are (RFC 9470). A new session takes the place of this one, bound
 * to the same key.
 */
export const stepUp = defineRoute(
  {
    method: 'post',
    path: '/auth/step-up',
    summary: 'Show the password once more: a new session takes the place of this one',
    access: 'user-in-person',
    limit: 'password-hashing',
    body: stepUpBody,
    response: { status: 200, schema: signInResponse },
    errors: [401, 429]
  },
  (deps: SignInDeps) =>
    async ({ body, accessToken: { sub, sid, preferred_username: username, cnf }, origin }) => {
      const device = body.device_token === undefined ? undefined : deps.devices.read(body.device_token)
      const user = await verifyCurrentPassword(
        deps,
        { userId: sub, username, password: body.password, device, origin },
        () => deps.users.recordFailedSignIn(sub, origin)
      )
      if (!user) throw new InvalidCredentialsError({ description: 'The password is wrong.' })
      await refreshHash(deps, user, body.password, flowOfAttempt(username, origin.address))
      return completeSignIn(deps, {
        user,
        methods: ['pwd'],
        device,
        grant: readGrant(body),
        jkt: cnf?.jkt,
        replacedSessionId: sid,
        origin
      })
    }
)
