import { z } from 'zod'
import type { AuthorizationRequest } from '../authorization/authorization-request.ts'
import type { ApiScopeText } from '../authorization/authorization-requests.ts'
import { isOpaqueId } from '../authorization/opaque-ids.ts'
import type { Client } from '../clients/client.ts'
import type { IdentityScope } from '../tokens/identity-scopes.ts'

/** Sign-ins to clients, on the wire. */

const unknown = 'This request is not known, or was used, or has expired.'

/** Of `/auth/authorization-requests/:id` */
export const authorizationRequestParams = z.object({ id: z.string().refine(isOpaqueId, { error: unknown }) })

export const requestingClient = z
  .object({
    client_id: z.string(),
    name: z.string(),
    logo_uri: z.string().nullable(),
    policy_uri: z.string().nullable(),
    tos_uri: z.string().nullable()
  })
  .meta({ id: 'RequestingClient' })

const completeUrl = z.url().meta({ description: 'where the browser goes next, as it is' })
const redirectHost = z
  .string()
  .meta({ description: 'the host that the user is sent back to, or the scheme of a native app' })

export const grantedScope = z
  .object({
    scope: z.string().meta({ description: 'empty for an API that has no scopes' }),
    api: z.string().nullable(),
    api_name: z.string().nullable(),
    description: z.string()
  })
  .meta({ id: 'GrantedScope' })

export const authorizationRequest = z
  .object({
    client: requestingClient,
    redirect_host: redirectHost,
    login_hint: z.string().nullable(),
    ui_locales: z.array(z.string()),
    prompt: z.array(z.string()),
    complete_url: completeUrl,
    expires_in: z.int().meta({ description: 'in seconds' })
  })
  .meta({ id: 'AuthorizationRequest' })

export const claimedRequest = z
  .object({
    next: z.enum(['complete', 'consent', 'choose_account']),
    client: requestingClient,
    redirect_host: redirectHost,
    username: z.string(),
    scopes: z.array(grantedScope),
    complete_url: completeUrl
  })
  .meta({ id: 'ClaimedAuthorizationRequest' })

/** `POST /auth/authorization-requests/:id/decision` */
export const decisionBody = z.strictObject({ decision: z.enum(['allow', 'deny']) }).meta({ id: 'Decision' })

export const decided = z.object({ complete_url: completeUrl }).meta({ id: 'Decided' })

/** `POST /oauth/par` (RFC 9126 §2.2) */
export const pushedRequest = z
  .object({ request_uri: z.string(), expires_in: z.int().meta({ description: 'in seconds' }) })
  .meta({ id: 'PushedAuthorizationRequest' })

/** `GET /oauth/userinfo` (OpenID Connect Core §5.3.2) */
export const userinfo = z
  .object({
    sub: z.string(),
    name: z.string().optional(),
    preferred_username: z.string().optional(),
    email: z.string().optional(),
    email_verified: z.boolean().optional()
  })
  .meta({ id: 'Userinfo' })

export function requestingClientOnWire({ id, name, logoUri, policyUri, tosUri }: Client) {
  return { client_id: id, name, logo_uri: logoUri, policy_uri: policyUri, tos_uri: tosUri }
}

export function redirectHostOf({ redirectUri }: Pick<AuthorizationRequest, 'redirectUri'>): string {
  const { host, protocol } = new URL(redirectUri)
  return host || protocol.slice(0, -1)
}

export const identityTexts: Record<IdentityScope, string> = {
  openid: 'Know who you are',
  profile: 'See your name and your username',
  email: 'See your e-mail address',
  offline_access: 'Stay signed in while you are away'
}

function identityScopesOnWire(scopes: readonly IdentityScope[]) {
  return scopes.map((scope) => ({ scope, api: null, api_name: null, description: identityTexts[scope] }))
}

export function scopesOnWire(
  { identityScopes, resource }: Pick<AuthorizationRequest, 'identityScopes' | 'resource'>,
  apiScopes: readonly ApiScopeText[]
) {
  return [
    ...identityScopesOnWire(identityScopes),
    ...apiScopes.map(({ scope, apiName, description }) => ({
      scope,
      api: resource ?? null,
      api_name: apiName,
      description
    }))
  ]
}
