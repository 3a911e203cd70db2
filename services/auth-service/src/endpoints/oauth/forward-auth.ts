import { defineRoute } from '../../routing/route.ts'
import { forwardAuthQuery, identity } from '../../wire/forward-auth.ts'

/**
 * `GET /forward-auth`: checks the access token of a request for a proxy that asks with the request's own headers, such as nginx's
 * `auth_request`: 200 with who it is, 401 or 403. It needs no database while the denylist is known.
 */
export const forwardAuth = defineRoute(
  {
    method: 'get',
    path: '/forward-auth',
    summary: 'For proxies: verify the token of a request; the response headers name its user',
    access: 'forwarded-request',
    query: forwardAuthQuery,
    response: { status: 200, schema: identity }
  },
  () =>
    ({ accessToken: { sub, client_id, preferred_username, scope, roles }, ctx }) => {
      ctx.set('X-Subject', sub)
      ctx.set('X-Client-Id', client_id)
      if (preferred_username !== undefined) ctx.set('X-Username', asHeader(preferred_username))
      if (scope !== undefined) ctx.set('X-Scope', scope)
      if (roles !== undefined) ctx.set('X-Roles', roles.join(' '))
      return { sub, client_id, username: preferred_username, scope, roles }
    }
)

/** As its bytes in UTF-8, which is how programs behind proxies read a header. */
function asHeader(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
