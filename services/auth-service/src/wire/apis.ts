import { audiencePattern, audienceRule } from '@countersign/oauth'
import { z } from 'zod'
import { type Api, defaultApiName, maxApiNameLength, maxApiScopes } from '../apis/api.ts'
import type { NewApi } from '../apis/api-administration.ts'
import { isUuid } from '../identifiers.ts'
import { scopePattern } from '../tokens/requested-grant.ts'
import { endedSessions } from './ended-sessions.ts'
import { nextCursor, pageLimit } from './pages.ts'
import { plainText } from './texts.ts'

/** The APIs on the wire. */

/** An absolute URI (RFC 3986 §4.3), which RFC 8707 asks for; it is compared as text. */
export const apiIdentifier = z
  .string()
  .regex(audiencePattern, { error: `must be ${audienceRule}` })
  .regex(/^[A-Za-z][A-Za-z0-9+.-]*:[^\s]/, {
    error: 'must be an absolute URI, such as https://reports.example or urn:example:reports'
  })

export const scopeName = z
  .string()
  .regex(scopePattern, { error: 'must be a scope (RFC 6749 §3.3) of at most 64 characters' })

const apiScope = z
  .strictObject({
    name: scopeName,
    description: plainText(200).meta({ description: 'a sentence that people understand' })
  })
  .meta({ id: 'ApiScope' })

const apiName = plainText(maxApiNameLength)
const carriesRoles = z
  .boolean()
  .meta({ description: "users' tokens for it carry those of their roles that hold a scope of it" })
const scopes = z
  .array(apiScope)
  .max(maxApiScopes)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, { error: 'must name each once' })

/** For requests that remove scopes. */
export const endsSessions = z.boolean().default(false).meta({
  description: 'end the sessions of users who lose a scope now; without it the scope is gone at their next refresh'
})

/** Of `/admin/apis/:id` */
export const apiParams = z.object({
  id: z.string().refine(isUuid, { error: 'There is no API with this id.' }).meta({ format: 'uuid' })
})

/** `POST /admin/apis` */
export const apiBody = z
  .strictObject({
    identifier: apiIdentifier,
    name: apiName.optional(),
    carries_roles: carriesRoles.default(false),
    scopes: scopes.default([])
  })
  .meta({ id: 'NewApi' })
export type ApiBody = z.infer<typeof apiBody>

/** `PATCH /admin/apis/:id`: a member that is absent stays as it is. */
export const apiChangeBody = z
  .strictObject({
    name: apiName.optional(),
    carries_roles: carriesRoles.optional(),
    scopes: scopes.optional().meta({ description: 'all that it has afterwards' }),
    end_sessions: endsSessions
  })
  .refine(({ end_sessions: _, ...change }) => Object.keys(change).length > 0, {
    error: 'must hold something to change'
  })
  .meta({ id: 'ApiChange' })

/** `DELETE /admin/apis/:id` */
export const deletionQuery = z.strictObject({
  end_sessions: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'end the sessions of users who lose a scope now' })
})

/** `GET /admin/apis` */
export const apiListQuery = z.strictObject({
  cursor: apiIdentifier.optional().meta({ description: '`next_cursor` of the page before' }),
  limit: pageLimit(20)
})

export const api = z
  .object({
    id: z.uuid(),
    identifier: z.string(),
    name: z.string(),
    carries_roles: z.boolean(),
    scopes: z.array(z.object({ name: z.string(), description: z.string() })),
    created_at: z.iso.datetime()
  })
  .meta({ id: 'Api' })

/** What was changed, and how many sessions ended for it. */
export const changedApi = api.extend(endedSessions).meta({ id: 'ChangedApi' })

export const apiList = z.object({ apis: z.array(api), next_cursor: nextCursor }).meta({ id: 'ApiPage' })

export function apiOnWire({ id, identifier, name, carriesRoles, scopes, createdAt }: Api) {
  return {
    id,
    identifier,
    name,
    carries_roles: carriesRoles,
    scopes: scopes.map(({ name, description }) => ({ name, description })),
    created_at: createdAt.toISOString()
  }
}

/** The API that a body of `POST` registers. */
export function newApiOf({ identifier, name, carries_roles, scopes }: ApiBody): NewApi {
  return { identifier, name: name ?? defaultApiName(identifier), carriesRoles: carries_roles, scopes }
}
