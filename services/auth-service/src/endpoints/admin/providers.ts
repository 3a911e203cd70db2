/** The services with which users can sign in, for admins. */
import { ConflictError, NotFoundError } from '@countersign/oauth'
import type { AdministeredProvider, ProviderAdministration } from '../../providers/provider-administration.ts'
import { redirectUriOf } from '../../providers/provider-sign-in.ts'
import { defineRoute } from '../../routing/route.ts'
import {
  newProviderOf,
  provider,
  providerBody,
  providerChangeBody,
  providerChangeOf,
  providerDeletionQuery,
  providerList,
  providerOnWire,
  providerParams
} from '../../wire/providers.ts'
import { noLongerAdmin } from './no-longer-admin.ts'

export interface AdminProvidersDeps {
  providerAdministration: ProviderAdministration
  pagesUrl: string | undefined
}

/** `GET /admin/providers` */
export const listProviders = defineRoute(
  {
    method: 'get',
    path: '/admin/providers',
    summary: 'The services with which users can sign in, by name, without secrets',
    access: 'admin',
    response: { status: 200, schema: providerList }
  },
  (deps: AdminProvidersDeps) => async () => ({
    providers: (await deps.providerAdministration.list()).map((one) => onWire(deps, one))
  })
)

/** `GET /admin/providers/:id` */
export const showProvider = defineRoute(
  {
    method: 'get',
    path: '/admin/providers/:id',
    summary: 'One provider',
    access: 'admin',
    params: providerParams,
    response: { status: 200, schema: provider }
  },
  (deps: AdminProvidersDeps) =>
    async ({ params }) =>
      onWire(deps, await found(deps, params.id))
)

/** `POST /admin/providers` */
export const createProvider = defineRoute(
  {
    method: 'post',
    path: '/admin/providers',
    summary: 'Register a service with which users can sign in',
    access: 'admin',
    body: providerBody,
    response: { status: 201, schema: provider },
    errors: [409]
  },
  (deps: AdminProvidersDeps) =>
    async ({ body, accessToken }) => {
      const result = await deps.providerAdministration.create(newProviderOf(body), accessToken.sub)
      if ('provider' in result) return onWire(deps, result.provider)
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'issuer_taken') {
        throw new ConflictError({
          code: 'issuer_taken',
          description: 'Another provider has this issuer. An identity there would belong to both.'
        })
      }
      throw new ConflictError({ code: 'provider_taken', description: 'There is a provider with this id.' })
    }
)

/** `PATCH /admin/providers/:id` */
export const changeProvider = defineRoute(
  {
    method: 'patch',
    path: '/admin/providers/:id',
    summary: 'Change or disable a provider; a disabled one accepts no sign-ins',
    access: 'admin',
    params: providerParams,
    body: providerChangeBody,
    response: { status: 200, schema: provider }
  },
  (deps: AdminProvidersDeps) =>
    async ({ params, body, accessToken }) => {
      const { kind } = await found(deps, params.id)
      const change = providerChangeOf(kind, body)
      const result = await deps.providerAdministration.change(params.id, change, accessToken.sub)
      if ('provider' in result) return onWire(deps, result.provider)
      throw result.outcome === 'not_an_admin' ? noLongerAdmin() : unknownProvider()
    }
)

/** `DELETE /admin/providers/:id` */
export const deleteProvider = defineRoute(
  {
    method: 'delete',
    path: '/admin/providers/:id',
    summary: 'Delete a provider; one that users have identities at, only with `with_identities`',
    access: 'admin',
    params: providerParams,
    query: providerDeletionQuery,
    response: { status: 204 },
    errors: [409]
  },
  ({ providerAdministration }: AdminProvidersDeps) =>
    async ({ params, query, accessToken }) => {
      const options = { withIdentities: query.with_identities === 'true' }
      switch (await providerAdministration.delete(params.id, options, accessToken.sub)) {
        case 'deleted':
          return
        case 'unknown':
          throw unknownProvider()
        case 'not_an_admin':
          throw noLongerAdmin()
        case 'in_use':
          throw new ConflictError({
            code: 'provider_in_use',
            description: 'Users sign in with this provider. Disable it, or delete it with their identities.'
          })
      }
    }
)

async function found({ providerAdministration }: AdminProvidersDeps, id: string): Promise<AdministeredProvider> {
  const provider = await providerAdministration.find(id)
  if (!provider) throw unknownProvider()
  return provider
}

function onWire({ pagesUrl }: AdminProvidersDeps, provider: AdministeredProvider) {
  return providerOnWire(provider, pagesUrl === undefined ? null : redirectUriOf(pagesUrl, provider.id))
}

function unknownProvider(): NotFoundError {
  return new NotFoundError({ description: 'There is no provider with this id.' })
}
