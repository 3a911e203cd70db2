/** What the pages do with a request of a client to sign a user in. */
import { ConflictError, endpointOf, InsufficientAuthenticationError, NotFoundError } from '@countersign/oauth'
import type { AuthorizationRequests } from '../../authorization/authorization-requests.ts'
import { nextStep } from '../../authorization/next-step.ts'
import { newOpaqueId } from '../../authorization/opaque-ids.ts'
import type { ClientStore } from '../../clients/client-store.ts'
import { sha256 } from '../../hashes.ts'
import { defineRoute } from '../../routing/route.ts'
import { sessionEnded } from '../../sessions/session-ended.ts'
import {
  authorizationRequest,
  authorizationRequestParams,
  claimedRequest,
  decided,
  decisionBody,
  redirectHostOf,
  requestingClientOnWire,
  scopesOnWire
} from '../../wire/authorization.ts'

export interface AuthorizationRequestDeps {
  issuer: string
  clients: Pick<ClientStore, 'findEnabled'>
  authorizationRequests: AuthorizationRequests
}

/** `GET /auth/authorization-requests/:id`: who asks, before anybody is signed in. */
export const showAuthorizationRequest = defineRoute(
  {
    method: 'get',
    path: '/auth/authorization-requests/:id',
    summary: 'The client that requests a sign-in',
    access: 'public',
    params: authorizationRequestParams,
    response: { status: 200, schema: authorizationRequest }
  },
  (deps: AuthorizationRequestDeps) =>
    async ({ params: { id } }) => {
      const request = await deps.authorizationRequests.find(sha256(id))
      if (!request) throw unknownRequest()
      return {
        client: requestingClientOnWire(await requireClient(deps, request.clientId)),
        redirect_host: redirectHostOf(request),
        login_hint: request.loginHint ?? null,
        ui_locales: request.uiLocales,
        prompt: request.prompt,
        complete_url: completeUrl(deps, id),
        expires_in: request.expiresInSeconds
      }
    }
)

/** `POST /auth/authorization-requests/:id/claim`: the user of this session continues. The first user keeps the request. */
export const claimAuthorizationRequest = defineRoute(
  {
    method: 'post',
    path: '/auth/authorization-requests/:id/claim',
    summary: 'Continue an authorization request as the user of this session: returns what is left to do',
    access: 'user-in-person',
    params: authorizationRequestParams,
    response: { status: 200, schema: claimedRequest },
    errors: [409]
  },
  (deps: AuthorizationRequestDeps) =>
    async ({ params: { id }, accessToken }) => {
      const ticket = newOpaqueId()
      const session = { userId: accessToken.sub, sessionId: accessToken.sid }
      const claimed = await deps.authorizationRequests.claim(sha256(id), ticket.hash, session)
      switch (claimed.outcome) {
        case 'unknown':
          throw unknownRequest()
        case 'taken':
          throw taken()
        case 'session_ended':
          throw sessionEnded()
        case 'needs_sign_in':
          throw new InsufficientAuthenticationError(claimed)
      }
      const { request, apiScopes } = claimed
      const client = await requireClient(deps, request.clientId)
      return {
        next: nextStep(request, client),
        client: requestingClientOnWire(client),
        redirect_host: redirectHostOf(request),
        username: accessToken.preferred_username,
        scopes: scopesOnWire(request, apiScopes),
        complete_url: completeUrl(deps, id, ticket.id)
      }
    }
)

/** `DELETE /auth/authorization-requests/:id/claim`: somebody else will continue. */
export const releaseAuthorizationRequest = defineRoute(
  {
    method: 'delete',
    path: '/auth/authorization-requests/:id/claim',
    summary: 'Let another user continue an authorization request',
    access: 'user-in-person',
    params: authorizationRequestParams,
    response: { status: 204 },
    errors: [409]
  },
  ({ authorizationRequests }: AuthorizationRequestDeps) =>
    async ({ params: { id }, accessToken }) => {
      const outcome = await authorizationRequests.release(sha256(id), {
        userId: accessToken.sub,
        sessionId: accessToken.sid
      })
      if (outcome === 'unknown') throw unknownRequest()
      if (outcome === 'taken') throw taken()
    }
)

/** `POST /auth/authorization-requests/:id/decision`: what is allowed is remembered. */
export const decideAuthorizationRequest = defineRoute(
  {
    method: 'post',
    path: '/auth/authorization-requests/:id/decision',
    summary: 'Allow or deny what a client requests',
    access: 'user-in-person',
    params: authorizationRequestParams,
    body: decisionBody,
    response: { status: 200, schema: decided },
    errors: [409]
  },
  (deps: AuthorizationRequestDeps) =>
    async ({ params: { id }, body: { decision }, accessToken, origin }) => {
      const ticket = newOpaqueId()
      const outcome = await deps.authorizationRequests.decide(sha256(id), ticket.hash, {
        userId: accessToken.sub,
        sessionId: accessToken.sid,
        decision,
        origin
      })
      if (outcome === 'unknown') throw unknownRequest()
      if (outcome === 'taken') throw taken()
      if (outcome === 'session_ended') throw sessionEnded()
      return { complete_url: completeUrl(deps, id, ticket.id) }
    }
)

/** The ticket goes to the signed-in browser alone: without it, who began the request could wait for somebody else to allow it. */
function completeUrl({ issuer }: AuthorizationRequestDeps, id: string, ticket?: string): string {
  const query = new URLSearchParams({ request: id, ...(ticket !== undefined && { ticket }) })
  return `${endpointOf(issuer, '/oauth/authorize/complete')}?${query}`
}

async function requireClient({ clients }: AuthorizationRequestDeps, id: string) {
  const client = await clients.findEnabled(id)
  if (!client) throw unknownRequest()
  return client
}

function unknownRequest(): NotFoundError {
  return new NotFoundError({ description: 'This request is not known, was used, or has expired.' })
}

function taken(): ConflictError {
  return new ConflictError({
    code: 'request_taken',
    description: 'Another user or another session has continued this request. Begin again at the app.'
  })
}
