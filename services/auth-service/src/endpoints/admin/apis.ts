import { ConflictError, NotFoundError } from '@countersign/oauth'
import type { ApiAdministration } from '../../apis/api-administration.ts'
import type { Announcing } from '../../revocation/announcing.ts'
import { defineRoute } from '../../routing/route.ts'
import { endSessionsNow, type SessionEndings } from '../../sessions/session-endings.ts'
import {
  apiBody,
  apiChangeBody,
  apiList,
  apiListQuery,
  apiOnWire,
  apiParams,
  api as apiSchema,
  changedApi,
  deletionQuery,
  newApiOf
} from '../../wire/apis.ts'
import { endedOnWire } from '../../wire/ended-sessions.ts'
import { noLongerAdmin } from './no-longer-admin.ts'

export interface AdminApisDeps {
  issuer: string
  apiAdministration: ApiAdministration
  sessionEndings: Announcing<SessionEndings>
}

/** `GET /admin/apis`: a page of APIs in the order of their identifiers. */
export const listApis = defineRoute(
  {
    method: 'get',
    path: '/admin/apis',
    summary: 'A page of APIs, in the order of their identifiers',
    access: 'admin',
    query: apiListQuery,
    response: { status: 200, schema: apiList }
  },
  ({ apiAdministration }: AdminApisDeps) =>
    async ({ query }) => {
      const { apis, next } = await apiAdministration.list({ after: query.cursor, limit: query.limit })
      return { apis: apis.map(apiOnWire), next_cursor: next ?? null }
    }
)

/** `GET /admin/apis/:id` */
export const showApi = defineRoute(
  {
    method: 'get',
    path: '/admin/apis/:id',
    summary: 'One API with its scopes',
    access: 'admin',
    params: apiParams,
    response: { status: 200, schema: apiSchema }
  },
  ({ apiAdministration }: AdminApisDeps) =>
    async ({ params }) => {
      const api = await apiAdministration.find({ id: params.id })
      if (!api) throw unknownApiId()
      return apiOnWire(api)
    }
)

/** `POST /admin/apis`: registers an API. */
export const createApi = defineRoute(
  {
    method: 'post',
    path: '/admin/apis',
    summary: 'Register an API with its scopes',
    access: 'admin',
    body: apiBody,
    response: { status: 201, schema: apiSchema },
    errors: [409]
  },
  ({ apiAdministration, issuer }: AdminApisDeps) =>
    async ({ body, accessToken }) => {
      if (body.identifier === issuer) {
        throw new ConflictError({
          code: 'api_is_issuer',
          description: 'This is the issuer itself, which has no scopes to give.'
        })
      }
      const result = await apiAdministration.create(newApiOf(body), accessToken.sub)
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'taken') {
        throw new ConflictError({ code: 'api_taken', description: 'There is an API with this identifier.' })
      }
      return apiOnWire(result.api)
    }
)

/** `PATCH /admin/apis/:id`: a scope that it has no more is taken from every role. */
export const changeApi = defineRoute(
  {
    method: 'patch',
    path: '/admin/apis/:id',
    summary: 'Change an API; a scope that is removed from it is removed from every role',
    access: 'admin',
    params: apiParams,
    body: apiChangeBody,
    response: { status: 200, schema: changedApi }
  },
  ({ apiAdministration, sessionEndings }: AdminApisDeps) =>
    async ({ params, body, accessToken }) => {
      const change = {
        name: body.name,
        carriesRoles: body.carries_roles,
        scopes: body.scopes,
        endsSessions: body.end_sessions
      }
      const result = await apiAdministration.change({ id: params.id }, change, accessToken.sub)
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'unknown') throw unknownApiId()
      return { ...apiOnWire(result.api), ...endedOnWire(await endSessionsNow(sessionEndings, body.end_sessions)) }
    }
)

/** `DELETE /admin/apis/:id`: no token is for it from then on. */
export const deleteApi = defineRoute(
  {
    method: 'delete',
    path: '/admin/apis/:id',
    summary: 'Delete an API; its scopes are removed from every role, and no more tokens are issued for it',
    access: 'admin',
    params: apiParams,
    query: deletionQuery,
    response: { status: 204 }
  },
  ({ apiAdministration, sessionEndings }: AdminApisDeps) =>
    async ({ params, query, accessToken }) => {
      const endsSessions = query.end_sessions === 'true'
      const { outcome } = await apiAdministration.delete({ id: params.id }, { endsSessions }, accessToken.sub)
      if (outcome === 'not_an_admin') throw noLongerAdmin()
      if (outcome === 'unknown') throw unknownApiId()
      await endSessionsNow(sessionEndings, endsSessions)
    }
)

function unknownApiId(): NotFoundError {
  return new NotFoundError({ description: 'There is no API with this id.' })
}
