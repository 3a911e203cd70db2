import { ConflictError, InvalidRequestError, NotFoundError } from '@countersign/oauth'
import type { Client } from '../../clients/client.ts'
import type { ClientAdministration, ClientChangeOutcome } from '../../clients/client-administration.ts'
import { checkClient, firstPartyClientId } from '../../clients/client-rules.ts'
import { firstSecretOf, generateClientSecret, hashClientSecret, hasSecrets } from '../../clients/client-secrets.ts'
import type { Announced, Announcing } from '../../revocation/announcing.ts'
import { defineRoute } from '../../routing/route.ts'
import {
  changedClient,
  clientBody,
  clientChangeBody,
  clientChangeOf,
  clientList,
  clientListQuery,
  clientOnWire,
  clientParams,
  client as clientSchema,
  clientWithSecret,
  newClientOf,
  newSecretBody
} from '../../wire/clients.ts'
import { endedOnWire } from '../../wire/ended-sessions.ts'
import { noLongerAdmin } from './no-longer-admin.ts'

export interface AdminClientsDeps {
  clientAdministration: Announcing<ClientAdministration>
}

/** `GET /admin/clients`: a page of clients in the order of their ids. */
export const listClients = defineRoute(
  {
    method: 'get',
    path: '/admin/clients',
    summary: 'A page of clients, in the order of their ids',
    access: 'admin',
    query: clientListQuery,
    response: { status: 200, schema: clientList }
  },
  ({ clientAdministration }: AdminClientsDeps) =>
    async ({ query }) => {
      const { clients, next } = await clientAdministration.list({ after: query.cursor, limit: query.limit })
      return { clients: clients.map(clientOnWire), next_cursor: next ?? null }
    }
)

/** `GET /admin/clients/:client_id` */
export const showClient = defineRoute(
  {
    method: 'get',
    path: '/admin/clients/:client_id',
    summary: 'One client',
    access: 'admin',
    params: clientParams,
    response: { status: 200, schema: clientSchema }
  },
  ({ clientAdministration }: AdminClientsDeps) =>
    async ({ params }) =>
      clientOnWire(await requireClient(clientAdministration, params.client_id))
)

/** `POST /admin/clients`: registers a client. Only this response has its secret, if it has one. */
export const createClient = defineRoute(
  {
    method: 'post',
    path: '/admin/clients',
    summary: 'Register a client; its secret, if it has one, is only in this response',
    access: 'admin',
    body: clientBody,
    response: { status: 201, schema: clientWithSecret },
    errors: [409]
  },
  ({ clientAdministration }: AdminClientsDeps) =>
    async ({ body, accessToken }) => {
      const { secretHashes, shown } = firstSecretOf(body.token_endpoint_auth_method)
      const client = newClientOf(body, secretHashes)
      checkClient(client)
      const result = await clientAdministration.create(client, accessToken.sub)
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'taken') {
        throw new ConflictError({ code: 'client_id_taken', description: 'There is a client with this id.' })
      }
      return { ...clientOnWire(result.client), ...shown }
    }
)

/**
 * `PATCH /admin/clients/:client_id`: changes, disables or enables a client. A change that removes rights ends every token that
 * was issued to the client.
 */
export const changeClient = defineRoute(
  {
    method: 'patch',
    path: '/admin/clients/:client_id',
    summary: 'Change, disable or enable a client; removing a right ends every token that was issued to it',
    access: 'admin',
    params: clientParams,
    body: clientChangeBody,
    response: { status: 200, schema: changedClient },
    errors: [409]
  },
  ({ clientAdministration }: AdminClientsDeps) =>
    async ({ params: { client_id: id }, body, accessToken }) => {
      refuseBuiltIn(id)
      const result = requireChanged(await clientAdministration.change(id, clientChangeOf(body), accessToken.sub))
      return { ...clientOnWire(result.client), ...endedOnWire(result) }
    }
)

/**
 * `POST /admin/clients/:client_id/secrets`: a new secret, shown only in this response. The one before stays valid, unless the
 * body says to replace it because its response was lost.
 */
export const addClientSecret = defineRoute(
  {
    method: 'post',
    path: '/admin/clients/:client_id/secrets',
    summary:
      'Create a secret for a client, shown only in this response; the previous one stays valid unless it is replaced',
    access: 'admin',
    params: clientParams,
    body: newSecretBody,
    bodyFormat: 'optional-json',
    response: { status: 201, schema: clientWithSecret },
    errors: [409]
  },
  ({ clientAdministration }: AdminClientsDeps) =>
    async ({ params: { client_id: id }, body, accessToken }) => {
      await requireSecretClient(clientAdministration, id)
      const secret = generateClientSecret()
      const added = { hash: hashClientSecret(secret), replaces: body.replaces }
      const { client } = requireChanged(await clientAdministration.addSecret(id, added, accessToken.sub))
      return { ...clientOnWire(client), client_secret: secret }
    }
)

/** `DELETE /admin/clients/:client_id/secrets/older`: only the newest secret stays valid; the tokens of the client end. */
export const dropOlderClientSecret = defineRoute(
  {
    method: 'delete',
    path: '/admin/clients/:client_id/secrets/older',
    summary: "Delete a client's secrets except the newest; its tokens are revoked",
    access: 'admin',
    params: clientParams,
    response: { status: 204 },
    errors: [400, 409]
  },
  ({ clientAdministration }: AdminClientsDeps) =>
    async ({ params: { client_id: id }, accessToken }) => {
      await requireSecretClient(clientAdministration, id)
      requireChanged(await clientAdministration.dropOlderSecret(id, accessToken.sub))
    }
)

function refuseBuiltIn(id: string): void {
  if (id !== firstPartyClientId) return
  throw new ConflictError({
    code: 'client_is_built_in',
    description: 'This client belongs to the issuer itself, and cannot be changed.'
  })
}

async function requireClient(administration: Pick<ClientAdministration, 'find'>, id: string): Promise<Client> {
  const client = await administration.find(id)
  if (!client) throw unknownClient()
  return client
}

async function requireSecretClient(administration: Pick<ClientAdministration, 'find'>, id: string): Promise<void> {
  refuseBuiltIn(id)
  const { authMethod } = await requireClient(administration, id)
  if (hasSecrets(authMethod)) return
  throw new InvalidRequestError({ description: 'This client does not authenticate itself by a secret.' })
}

function requireChanged(result: Announced<ClientChangeOutcome>) {
  if (result.outcome === 'not_an_admin') throw noLongerAdmin()
  if (result.outcome === 'unknown') throw unknownClient()
  if (result.outcome === 'other_secret') {
    throw new ConflictError({ code: 'other_secret', description: 'The newest secret of this client is another one.' })
  }
  return result
}

function unknownClient(): NotFoundError {
  return new NotFoundError({ description: 'There is no client with this id.' })
}
