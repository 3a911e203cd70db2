/** The apps that a user has let in. */
import { NotFoundError } from '@countersign/oauth'
import type { Consents } from '../../authorization/consents.ts'
import type { Announcing } from '../../revocation/announcing.ts'
import { defineRoute } from '../../routing/route.ts'
import { appList, appListQuery, appOnWire, appParams } from '../../wire/apps.ts'

export interface AppsDeps {
  consents: Announcing<Consents>
}

/** `GET /auth/me/apps`: a page of them in the order of their ids. */
export const listApps = defineRoute(
  {
    method: 'get',
    path: '/auth/me/apps',
    summary: 'A page of the apps that the user has authorized, with their scopes',
    access: 'user-in-person',
    query: appListQuery,
    response: { status: 200, schema: appList }
  },
  ({ consents }: AppsDeps) =>
    async ({ query: { cursor, limit }, accessToken }) => {
      const { apps, next } = await consents.list(accessToken.sub, { after: cursor, limit })
      return { apps: apps.map(appOnWire), next_cursor: next ?? null }
    }
)

/** `DELETE /auth/me/apps/:client_id`: takes back what the app was allowed, and ends its sessions with the user. */
export const removeApp = defineRoute(
  {
    method: 'delete',
    path: '/auth/me/apps/:client_id',
    summary: 'Withdraw the authorization of an app; the sessions it has with the user end',
    access: 'user-in-person',
    params: appParams,
    response: { status: 204 }
  },
  ({ consents }: AppsDeps) =>
    async ({ params, accessToken, origin }) => {
      const { outcome } = await consents.withdraw({ userId: accessToken.sub, clientId: params.client_id, origin })
      if (outcome === 'unknown')
        throw new NotFoundError({ description: 'You have not given access to an app with this id.' })
    }
)
