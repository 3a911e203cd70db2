import { defineRoute } from '../../routing/route.ts'
import { installation } from '../../wire/installation.ts'

export interface InstallationDeps {
  issuer: string
  apiAudience: string
}

/** `GET /admin/installation`: the names that settings of other services need. */
export const showInstallation = defineRoute(
  {
    method: 'get',
    path: '/admin/installation',
    summary: 'The identifiers of this issuer and of its first API, for the settings of other services',
    access: 'admin',
    response: { status: 200, schema: installation }
  },
  ({ issuer, apiAudience }: InstallationDeps) =>
    async () => ({ issuer, first_api: apiAudience })
)
