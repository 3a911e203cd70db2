import { z } from 'zod'
import type { App } from '../authorization/consents.ts'
import { clientIdPattern } from '../identifiers.ts'
import { isIdentityScope } from '../tokens/identity-scopes.ts'
import { grantedScope, identityTexts } from './authorization.ts'
import { nextCursor, pageLimit } from './pages.ts'

/** The apps that users have let in, on the wire. */

/** Of `/auth/me/apps/:client_id` */
export const appParams = z.object({
  client_id: z.string().regex(clientIdPattern, { error: 'You have not given access to an app with this id.' })
})

/** `GET /auth/me/apps` */
export const appListQuery = z.strictObject({
  cursor: z.string().regex(clientIdPattern).optional().meta({ description: '`next_cursor` of the page before' }),
  limit: pageLimit(20)
})

export const app = z
  .object({
    client_id: z.string(),
    name: z.string(),
    logo_uri: z.string().nullable(),
    scopes: z.array(grantedScope),
    granted_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable(),
    sessions: z.int().meta({ description: 'how many of its sessions with the user are live' })
  })
  .meta({ id: 'App' })

export const appList = z.object({ apps: z.array(app), next_cursor: nextCursor }).meta({ id: 'AppPage' })

export function appOnWire({ clientId, name, logoUri, scopes, grantedAt, lastUsedAt, sessions }: App) {
  return {
    client_id: clientId,
    name,
    logo_uri: logoUri,
    scopes: scopes.map(({ scope, api, apiName, description }) => ({
      scope,
      api,
      api_name: apiName,
      description: api === null && isIdentityScope(scope) ? identityTexts[scope] : (description ?? '')
    })),
    granted_at: grantedAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null,
    sessions
  }
}
