import { endpointOf, NotFoundError } from '@countersign/oauth'
import type { ClientStore } from '../../clients/client-store.ts'
import { sha256 } from '../../hashes.ts'
import type { LogoutRequests } from '../../logout/logout-requests.ts'
import { defineRoute } from '../../routing/route.ts'
import { redirectHostOf, requestingClientOnWire } from '../../wire/authorization.ts'
import { logoutRequest, logoutRequestParams } from '../../wire/logout.ts'

export interface LogoutRequestDeps {
  issuer: string
  clients: Pick<ClientStore, 'findEnabled'>
  logoutRequests: Pick<LogoutRequests, 'find'>
}

/** `GET /auth/logout-requests/:id`: what the page has to know. Only the page knows who is signed in. */
export const showLogoutRequest = defineRoute(
  {
    method: 'get',
    path: '/auth/logout-requests/:id',
    summary: 'The client that requests a sign-out',
    access: 'public',
    params: logoutRequestParams,
    response: { status: 200, schema: logoutRequest }
  },
  ({ issuer, clients, logoutRequests }: LogoutRequestDeps) =>
    async ({ params: { id } }) => {
      const request = await logoutRequests.find(sha256(id))
      if (!request) throw new NotFoundError({ description: 'This request is not known, was used, or has expired.' })
      const { clientId, returnTo } = request
      const client = clientId === undefined ? undefined : await clients.findEnabled(clientId)
      return {
        client: client ? requestingClientOnWire(client) : null,
        session_id: request.browserSessionId ?? null,
        user_id: request.hintedUserId ?? null,
        return_host: returnTo === undefined ? null : redirectHostOf({ redirectUri: returnTo }),
        is_return_refused: request.isReturnRefused,
        ui_locales: request.uiLocales,
        complete_url: `${endpointOf(issuer, '/oauth/logout/complete')}?request=${id}`
      }
    }
)
