import type { IssuerMetrics } from '../../metrics.ts'
import { defineRoute } from '../../routing/route.ts'
import { type SignInDeps, signIn } from '../../sign-in/sign-in.ts'
import { readGrant } from '../../tokens/requested-grant.ts'
import { loginBody, signInResponse } from '../../wire/account.ts'
import { factorRequiredResponse } from '../../wire/second-factors.ts'

export interface LoginDeps extends SignInDeps {
  metrics: IssuerMetrics
}

/** `POST /auth/login`: starts a session and returns its first tokens. */
export const login = defineRoute(
  {
    method: 'post',
    path: '/auth/login',
    summary: 'Sign in: start a session',
    access: 'public',
    limit: 'password-hashing',
    body: loginBody,
    takesProof: true,
    response: { status: 200, schema: signInResponse },
    errorBodies: { 401: factorRequiredResponse },
    errors: [401, 429]
  },
  (deps: LoginDeps) =>
    ({ body, dpopKey, origin }) =>
      signIn(deps, {
        username: body.username,
        password: body.password,
        deviceToken: body.device_token,
        trustedDevice: body.trusted_device,
        grant: readGrant(body),
        dpopKey,
        origin
      }),
  ({ metrics }) =>
    (_body, code) =>
      metrics.countSignIn(code ?? 'succeeded')
)
