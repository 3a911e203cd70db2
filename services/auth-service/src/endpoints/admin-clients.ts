import { ConflictError, InvalidRequestError, NotFoundError } from '@countersign/oauth'
import { acceptJsonBody, requireJsonBody, requireQuery } from '@countersign/service-kit'
import type { Context, Middleware, Next } from 'koa'
import { type Client, clientIdPattern } from '../clients/client.ts'
import type { ClientAdministration, ClientChange, ClientChangeOutcome } from '../clients/client-administration.ts'
import { checkClient, firstPartyClientId } from '../clients/client-rules.ts'
import { generateClientSecret, hashClientSecret } from '../clients/client-secrets.ts'
import type { RevocationRelay } from '../revocation/revocation-relay.ts'
import {
  type ClientBody,
  type ClientChangeBody,
  type ClientListQuery,
  clientBody,
  clientChangeBody,
  clientListQuery,
  type NewSecretBody,
  newSecretBody
} from './client-bodies.ts'
import { noLongerAdmin } from './no-longer-admin.ts'

export interface AdminClientsDeps {
  clientAdministration: ClientAdministration
  relay: RevocationRelay
  /** Sets `ctx.state.accessToken` of an admin, or answers 401 or 403. */
  requireAdmin: Middleware
}

/** `GET /admin/clients`: a page of clients in the order of their ids. */
export function listClients({ clientAdministration, requireAdmin }: AdminClientsDeps): Middleware[] {
  return [
    requireAdmin,
    requireQuery(clientListQuery),
    async function answerClients(ctx) {
      const { cursor, limit } = ctx.state.query as ClientListQuery
      const { clients, next } = await clientAdministration.list({ after: cursor, limit })
      ctx.set('Cache-Control', 'no-store')
      ctx.body = { clients: clients.map(clientOnWire), next_cursor: next ?? null }
    }
  ]
}

/** `GET /admin/clients/:client_id` */
export function showClient({ clientAdministration, requireAdmin }: AdminClientsDeps): Middleware[] {
  return [
    requireAdmin,
    requireClientId,
    async function answerClient(ctx) {
      const client = await clientAdministration.find(ctx.params.client_id)
      if (!client) throw unknownClient()
      ctx.set('Cache-Control', 'no-store')
      ctx.body = clientOnWire(client)
    }
  ]
}

/** `POST /admin/clients`: registers a client. The secret of one that has one is in this answer alone. */
export function createClient({ clientAdministration, requireAdmin }: AdminClientsDeps): Middleware[] {
  return [
    requireAdmin,
    requireJsonBody(clientBody),
    async function answerNewClient(ctx) {
      const body = ctx.state.body as ClientBody
      const secret = body.token_endpoint_auth_method === 'client_secret_basic' ? generateClientSecret() : undefined
      const client = {
        id: body.client_id,
        name: body.name ?? body.client_id,
        authMethod: body.token_endpoint_auth_method,
        jwks: body.jwks ?? null,
        jwksUri: body.jwks_uri ?? null,
        secretHashes: secret === undefined ? [] : [hashClientSecret(secret)],
        grantTypes: body.grant_types,
        scopes: body.scopes,
        audiences: body.audiences,
        resources: body.resources,
        mayActFor: body.may_act_for,
        mayCarryRoles: body.may_carry_roles,
        mayUnbindTokens: body.may_unbind_tokens,
        accessTokenTtlSeconds: body.access_token_ttl_seconds ?? null
      }
      checkClient(client)
      const result = await clientAdministration.create(client, actorOf(ctx))
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'taken') {
        throw new ConflictError({ code: 'client_id_taken', description: 'There is a client with this id.' })
      }
      ctx.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' })
      ctx.status = 201
      ctx.body = { ...clientOnWire(result.client), ...(secret !== undefined && { client_secret: secret }) }
    }
  ]
}

/**
 * `PATCH /admin/clients/:client_id`: changes, disables or enables a client. What takes something away ends every token that
 * was issued to it.
 */
export function changeClient({ clientAdministration, relay, requireAdmin }: AdminClientsDeps): Middleware[] {
  return [
    requireAdmin,
    requireClientId,
    requireJsonBody(clientChangeBody),
    async function answerChange(ctx) {
      const id = ctx.params.client_id
      const change = changeOf(ctx.state.body as ClientChangeBody)
      ctx.body = clientOnWire(await changed(ctx, relay, await clientAdministration.change(id, change, actorOf(ctx))))
    }
  ]
}

/**
 * `POST /admin/clients/:client_id/secrets`: a new secret, in this response alone. The one before it stays valid, unless the
 * body says that it is replaced: its own response was lost.
 */
export function addClientSecret({ clientAdministration, relay, requireAdmin }: AdminClientsDeps): Middleware[] {
  return [
    requireAdmin,
    requireClientId,
    acceptJsonBody(newSecretBody),
    async function answerSecret(ctx) {
      const id = ctx.params.client_id
      await requireSecretClient(clientAdministration, id)
      const secret = generateClientSecret()
      const { replaces } = ctx.state.body as NewSecretBody
      const result = await clientAdministration.addSecret(
        id,
        { hash: hashClientSecret(secret), replaces },
        actorOf(ctx)
      )
      const client = await changed(ctx, relay, result)
      ctx.set('Pragma', 'no-cache')
      ctx.status = 201
      ctx.body = { ...clientOnWire(client), client_secret: secret }
    }
  ]
}

/** `DELETE /admin/clients/:client_id/secrets/older`: the newest secret alone is good from now on; its tokens end. */
export function dropOlderClientSecret({ clientAdministration, relay, requireAdmin }: AdminClientsDeps): Middleware[] {
  return [
    requireAdmin,
    requireClientId,
    async function answerDrop(ctx) {
      const id = ctx.params.client_id
      await requireSecretClient(clientAdministration, id)
      await changed(ctx, relay, await clientAdministration.dropOlderSecret(id, actorOf(ctx)))
      ctx.status = 204
    }
  ]
}

async function requireClientId(ctx: Context, next: Next): Promise<void> {
  const id = ctx.params.client_id
  if (!clientIdPattern.test(id)) throw unknownClient()
  if (id === firstPartyClientId && ctx.method !== 'GET') {
    throw new ConflictError({
      code: 'client_is_built_in',
      description: 'This client belongs to the issuer itself, and stays as it is.'
    })
  }
  await next()
}

async function requireSecretClient(administration: ClientAdministration, id: string): Promise<void> {
  const client = await administration.find(id)
  if (!client) throw unknownClient()
  if (client.authMethod !== 'client_secret_basic') {
    throw new InvalidRequestError({ description: 'This client does not authenticate itself by a secret.' })
  }
}

async function changed(ctx: Context, relay: RevocationRelay, result: ClientChangeOutcome): Promise<Client> {
  if (result.outcome === 'not_an_admin') throw noLongerAdmin()
  if (result.outcome === 'unknown') throw unknownClient()
  if (result.outcome === 'other_secret') {
    throw new ConflictError({ code: 'other_secret', description: 'The newest secret of this client is another one.' })
  }
  await relay.announce(result.entries)
  ctx.set('Cache-Control', 'no-store')
  return result.client
}

function changeOf(body: ClientChangeBody): ClientChange {
  const change = {
    name: body.name,
    jwks: body.jwks,
    jwksUri: body.jwks_uri,
    grantTypes: body.grant_types,
    scopes: body.scopes,
    audiences: body.audiences,
    resources: body.resources,
    mayActFor: body.may_act_for,
    mayCarryRoles: body.may_carry_roles,
    mayUnbindTokens: body.may_unbind_tokens,
    accessTokenTtlSeconds: body.access_token_ttl_seconds,
    isDisabled: body.disabled
  }
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as ClientChange
}

function actorOf(ctx: Context): string {
  return ctx.state.accessToken.sub
}

function unknownClient(): NotFoundError {
  return new NotFoundError({ description: 'There is no client with this id.' })
}

/** A client on the wire; never with anything that it authenticates itself by but public keys. */
export function clientOnWire(client: Client) {
  return {
    client_id: client.id,
    name: client.name,
    token_endpoint_auth_method: client.authMethod,
    jwks: client.jwks,
    jwks_uri: client.jwksUri,
    grant_types: client.grantTypes,
    scopes: client.scopes,
    audiences: client.audiences,
    resources: client.resources,
    may_act_for: client.mayActFor,
    may_carry_roles: client.mayCarryRoles,
    may_unbind_tokens: client.mayUnbindTokens,
    access_token_ttl_seconds: client.accessTokenTtlSeconds,
    secret_ids: client.secretIds,
    created_at: client.createdAt.toISOString(),
    disabled_at: client.disabledAt?.toISOString() ?? null
  }
}
