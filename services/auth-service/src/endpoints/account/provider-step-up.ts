/** Signing in again within a session, with another service. */
import { type ProviderStepUpDeps, stepUpByProvider } from '../../providers/provider-sign-in.ts'
import { defineRoute } from '../../routing/route.ts'
import { signInResponse } from '../../wire/account.ts'
import { providerParams, providerStart, providerStepUpBody } from '../../wire/providers.ts'
import { factorRequiredResponse } from '../../wire/second-factors.ts'
import { startWithinSession } from './started-at-provider.ts'

/** `POST /auth/step-up/providers/:id/start`: where the browser goes, to sign in there again. */
export const startProviderStepUp = defineRoute(
  {
    method: 'post',
    path: '/auth/step-up/providers/:id/start',
    summary: 'Begin a sign-in with another service within a session',
    access: 'user-in-person',
    params: providerParams,
    response: { status: 200, schema: providerStart },
    errors: [429]
  },
  startWithinSession('step_up')
)

/** `POST /auth/step-up/providers/:id/finish`: as `POST /auth/step-up`, with a fresh sign-in there in the place of the password. */
export const finishProviderStepUp = defineRoute(
  {
    method: 'post',
    path: '/auth/step-up/providers/:id/finish',
    summary: 'Complete a sign-in with another service within a session; a new session replaces it',
    access: 'user-in-person',
    params: providerParams,
    body: providerStepUpBody,
    response: { status: 200, schema: signInResponse },
    errorBodies: { 401: factorRequiredResponse },
    errors: [401, 403]
  },
  (deps: ProviderStepUpDeps) =>
    ({ params, body, accessToken: { sub: userId, sid: sessionId, cnf }, origin }) =>
      stepUpByProvider(deps, {
        returned: { providerId: params.id, transaction: body.transaction, parameters: body.parameters },
        userId,
        sessionId,
        jkt: cnf?.jkt,
        device: body.device_token === undefined ? undefined : deps.devices.read(body.device_token),
        origin
      })
)
