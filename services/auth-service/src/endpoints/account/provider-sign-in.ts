/** Sign-in with other services: users who are not signed in yet. */
import { wantedLanguage } from '../../mail/mail.ts'
import type { IssuerMetrics } from '../../metrics.ts'
import type { ProviderStore } from '../../providers/provider-administration.ts'
import { type ProviderSignInDeps, signInByProvider, startAtProvider } from '../../providers/provider-sign-in.ts'
import { defineRoute } from '../../routing/route.ts'
import { readGrant } from '../../tokens/requested-grant.ts'
import { signInResponse } from '../../wire/account.ts'
import {
  offeredOnWire,
  offeredProviders,
  providerFinishBody,
  providerParams,
  providerStart,
  providerStartBody
} from '../../wire/providers.ts'
import { startedOnWire } from './started-at-provider.ts'

/** `GET /auth/providers`: for the buttons of a page. */
export const listOfferedProviders = defineRoute(
  {
    method: 'get',
    path: '/auth/providers',
    summary: 'The services with which users can sign in',
    access: 'public',
    response: { status: 200, schema: offeredProviders }
  },
  ({ providers, pagesUrl }: { providers: Pick<ProviderStore, 'listEnabled'>; pagesUrl: string | undefined }) =>
    async () => ({ providers: pagesUrl === undefined ? [] : (await providers.listEnabled()).map(offeredOnWire) })
)

/** `POST /auth/providers/:id/start`: where the browser goes. */
export const startProviderSignIn = defineRoute(
  {
    method: 'post',
    path: '/auth/providers/:id/start',
    summary:
      'Begin a sign-in with another service: returns the URL for the browser, and a secret that the browser keeps until it returns',
    access: 'public',
    params: providerParams,
    body: providerStartBody,
    bodyFormat: 'optional-json',
    response: { status: 200, schema: providerStart },
    errors: [429]
  },
  (deps: ProviderSignInDeps) =>
    async ({ params, body, origin }) =>
      startedOnWire(await startAtProvider(deps, { providerId: params.id, grant: readGrant(body), origin }))
)

/** `POST /auth/providers/:id/finish`: the browser is back. */
export const finishProviderSignIn = defineRoute(
  {
    method: 'post',
    path: '/auth/providers/:id/finish',
    summary: 'Complete a sign-in with another service, with the parameters that it gave the browser: start a session',
    access: 'public',
    params: providerParams,
    body: providerFinishBody,
    takesProof: true,
    response: { status: 200, schema: signInResponse },
    errors: [401, 403, 409]
  },
  (deps: ProviderSignInDeps & { metrics: IssuerMetrics }) =>
    ({ params, body, dpopKey, origin, ctx }) =>
      signInByProvider(deps, {
        returned: { providerId: params.id, transaction: body.transaction, parameters: body.parameters },
        device: body.device_token === undefined ? undefined : deps.devices.read(body.device_token),
        trustedDevice: body.trusted_device,
        dpopKey,
        language: wantedLanguage(ctx.get('Accept-Language')),
        origin
      }),
  ({ metrics }) =>
    (_body, code) =>
      metrics.countProviderSignIn(code ?? 'succeeded')
)
