import { z } from 'zod'
import type { Role } from '../roles/role.ts'
import type { NewRole } from '../roles/role-administration.ts'
import { apiIdentifier, endsSessions, scopeName } from './apis.ts'
import { endedSessions } from './ended-sessions.ts'
import { nextCursor, pageLimit } from './pages.ts'
import { plainText } from './texts.ts'

/** The roles on the wire. */

export const roleName = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, { error: 'must be 1 to 32 of a-z, 0-9, _ and -' })

const description = plainText(200).or(z.literal(''))
const heldScopes = z
  .array(z.strictObject({ api: apiIdentifier, scope: scopeName }).meta({ id: 'HeldScope' }))
  .max(100)
  .refine((all) => new Set(all.map(({ api, scope }) => `${api} ${scope}`)).size === all.length, {
    error: 'must name each once'
  })

/** Of `/admin/roles/:name` */
export const roleParams = z.object({
  name: z.string().refine((name) => roleName.safeParse(name).success, { error: 'There is no role with this name.' })
})

/** `POST /admin/roles` */
export const roleBody = z
  .strictObject({ name: roleName, description: description.default(''), scopes: heldScopes.default([]) })
  .meta({ id: 'NewRole' })
export type RoleBody = z.infer<typeof roleBody>

/** `PATCH /admin/roles/:name`: a member that is absent stays as it is. */
export const roleChangeBody = z
  .strictObject({
    description: description.optional(),
    scopes: heldScopes.optional().meta({ description: 'all that it holds afterwards' }),
    end_sessions: endsSessions
  })
  .refine(({ description, scopes }) => description !== undefined || scopes !== undefined, {
    error: 'must hold something to change'
  })
  .meta({ id: 'RoleChange' })

/** `GET /admin/roles` */
export const roleListQuery = z.strictObject({
  cursor: roleName.optional().meta({ description: '`next_cursor` of the page before' }),
  limit: pageLimit(20)
})

export const role = z
  .object({
    name: z.string(),
    description: z.string(),
    scopes: z.array(z.object({ api: z.string(), scope: z.string() })),
    created_at: z.iso.datetime()
  })
  .meta({ id: 'Role' })

/** What was changed, and how many sessions ended for it. */
export const changedRole = role.extend(endedSessions).meta({ id: 'ChangedRole' })

export const roleList = z.object({ roles: z.array(role), next_cursor: nextCursor }).meta({ id: 'RolePage' })

export function roleOnWire({ name, description, scopes, createdAt }: Role) {
  return {
    name,
    description,
    scopes: scopes.map(({ api, scope }) => ({ api, scope })),
    created_at: createdAt.toISOString()
  }
}

/** The role that a body of `POST` makes. */
export function newRoleOf({ name, description, scopes }: RoleBody): NewRole {
  return { name, description, scopes }
}
