import { ConflictError, InvalidRequestError, NotFoundError } from '@countersign/oauth'
import type { Announcing } from '../../revocation/announcing.ts'
import { builtInRoles, type HeldScope } from '../../roles/role.ts'
import type { RoleAdministration } from '../../roles/role-administration.ts'
import { defineRoute } from '../../routing/route.ts'
import { endSessionsNow, type SessionEndings } from '../../sessions/session-endings.ts'
import { endedOnWire } from '../../wire/ended-sessions.ts'
import {
  changedRole,
  newRoleOf,
  roleBody,
  roleChangeBody,
  roleList,
  roleListQuery,
  roleOnWire,
  roleParams,
  role as roleSchema
} from '../../wire/roles.ts'
import { noLongerAdmin } from './no-longer-admin.ts'

export interface AdminRolesDeps {
  roleAdministration: RoleAdministration
  sessionEndings: Announcing<SessionEndings>
}

/** `GET /admin/roles`: a page of roles in the order of their names. */
export const listRoles = defineRoute(
  {
    method: 'get',
    path: '/admin/roles',
    summary: 'A page of roles with their scopes, in the order of their names',
    access: 'admin',
    query: roleListQuery,
    response: { status: 200, schema: roleList }
  },
  ({ roleAdministration }: AdminRolesDeps) =>
    async ({ query }) => {
      const { roles, next } = await roleAdministration.list({ after: query.cursor, limit: query.limit })
      return { roles: roles.map(roleOnWire), next_cursor: next ?? null }
    }
)

/** `GET /admin/roles/:name` */
export const showRole = defineRoute(
  {
    method: 'get',
    path: '/admin/roles/:name',
    summary: 'One role with its scopes',
    access: 'admin',
    params: roleParams,
    response: { status: 200, schema: roleSchema }
  },
  ({ roleAdministration }: AdminRolesDeps) =>
    async ({ params }) => {
      const role = await roleAdministration.find(params.name)
      if (!role) throw unknownRole()
      return roleOnWire(role)
    }
)

/** `POST /admin/roles` */
export const createRole = defineRoute(
  {
    method: 'post',
    path: '/admin/roles',
    summary: 'Create a role with scopes of APIs',
    access: 'admin',
    body: roleBody,
    response: { status: 201, schema: roleSchema },
    errors: [409]
  },
  ({ roleAdministration }: AdminRolesDeps) =>
    async ({ body, accessToken }) => {
      const result = await roleAdministration.create(newRoleOf(body), accessToken.sub)
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'unknown_scope') throw unknownScope(result.scope)
      if (result.outcome === 'taken') {
        throw new ConflictError({ code: 'role_taken', description: 'There is a role with this name.' })
      }
      return roleOnWire(result.role)
    }
)

/** `PATCH /admin/roles/:name`: a scope that it holds no more is gone at its users' next refresh, or now. */
export const changeRole = defineRoute(
  {
    method: 'patch',
    path: '/admin/roles/:name',
    summary: 'Change a role; its users lose a removed scope at their next refresh, or at once with `end_sessions`',
    access: 'admin',
    params: roleParams,
    body: roleChangeBody,
    response: { status: 200, schema: changedRole },
    errors: [409]
  },
  ({ roleAdministration, sessionEndings }: AdminRolesDeps) =>
    async ({ params, body, accessToken }) => {
      const change = { description: body.description, scopes: body.scopes, endsSessions: body.end_sessions }
      const result = await roleAdministration.change(params.name, change, accessToken.sub)
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'unknown') throw unknownRole()
      if (result.outcome === 'unknown_scope') throw unknownScope(result.scope)
      return { ...roleOnWire(result.role), ...endedOnWire(await endSessionsNow(sessionEndings, body.end_sessions)) }
    }
)

/** `DELETE /admin/roles/:name`: one that no user has. */
export const deleteRole = defineRoute(
  {
    method: 'delete',
    path: '/admin/roles/:name',
    summary: 'Delete a role that no user has',
    access: 'admin',
    params: roleParams,
    response: { status: 204 },
    errors: [409]
  },
  ({ roleAdministration }: AdminRolesDeps) =>
    async ({ params: { name }, accessToken }) => {
      if (builtInRoles.includes(name)) {
        throw new ConflictError({
          code: 'role_is_built_in',
          description: 'This role is built in, and cannot be deleted.'
        })
      }
      const { outcome } = await roleAdministration.delete(name, accessToken.sub)
      if (outcome === 'not_an_admin') throw noLongerAdmin()
      if (outcome === 'unknown') throw unknownRole()
      if (outcome === 'in_use') {
        throw new ConflictError({ code: 'role_in_use', description: 'A user has this role. Take it from them first.' })
      }
    }
)

function unknownRole(): NotFoundError {
  return new NotFoundError({ description: 'There is no role with this name.' })
}

function unknownScope({ api, scope }: HeldScope): InvalidRequestError {
  const message = `No API ${api} has the scope ${scope}.`
  return new InvalidRequestError({ description: message, issues: [{ path: 'scopes', message }] })
}
