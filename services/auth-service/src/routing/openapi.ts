import { ndjsonType } from '@countersign/service-kit'
import { z } from 'zod'
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi'
import { errorResponse } from '../wire/errors.ts'
import { type Access, needsRecentSignIn, type Route } from './route.ts'

/** The meaning of each error status, on every route. */
const reasons: Record<number, string> = {
  400: 'The request is malformed, or its grant is invalid.',
  401: 'No valid credentials.',
  403: 'Not allowed.',
  404: 'There is no such thing.',
  409: 'It exists already, or changed meanwhile.',
  413: 'The body is too large.',
  415: 'The body has a media type that this route does not accept.',
  429: 'Too many attempts; Retry-After says when to try again.',
  503: 'A dependency is unavailable, or the service is overloaded; Retry-After says when to try again.'
}

type Security = ZodOpenApiOperationObject['security']

const byAccessToken: Security = [{ accessToken: [] }]
const byClientSecret: Security = [{ clientSecret: [] }, {}]

interface Caller {
  readonly text: string
  readonly security?: Security
  /** The statuses of the errors of a check. */
  readonly errors: readonly number[]
}

const recentSignInText =
  'Requires a sign-in within `RECENT_SIGN_IN_SECONDS`; otherwise 401 `insufficient_user_authentication` (RFC 9470), and `POST /auth/step-up` signs in again.'

/** Each kind of access, for people and in the form of OpenAPI. */
const callers: Record<Access, Caller> = {
  public: { text: 'Anybody.', errors: [] },
  registrant: { text: 'Anybody, while registration is open.', errors: [403] },
  user: { text: 'A user, or a service that acts for one (RFC 8693).', security: byAccessToken, errors: [401, 403] },
  'user-in-person': {
    text: 'A user, but not a service that acts for one.',
    security: byAccessToken,
    errors: [401, 403]
  },
  'refresh-token-or-user': {
    text: 'The holder of the refresh token in the body; without one there, a user, but not a service that acts for one.',
    security: [{ accessToken: [] }, {}],
    errors: [401, 403]
  },
  admin: {
    text: 'A user who has the role `admin`, but not a service that acts for one.',
    security: byAccessToken,
    errors: [401, 403]
  },
  'statistics-reader': {
    text: 'An admin, or a client whose own token has the scope `statistics:read`.',
    security: byAccessToken,
    errors: [401, 403]
  },
  'revocations-reader': {
    text: 'A client whose own token has the scope `revocations:read`, and the bff-service with its `FORWARDER_KEY`; anybody, where `REVOCATION_FEED_ACCESS` is `open`.',
    security: [{ accessToken: [] }, {}],
    errors: [401, 403]
  },
  'identity-reader': {
    text: 'A client, with a token of its user whose sign-in was granted `openid`.',
    security: byAccessToken,
    errors: [401, 403]
  },
  'forwarded-request': {
    text: 'A proxy, with the token of the request that it verifies.',
    security: byAccessToken,
    errors: [401, 403]
  },
  client: {
    text: 'A client, which authenticates itself unless it is public.',
    security: byClientSecret,
    errors: [401]
  },
  'confidential-client': { text: 'A client that authenticates itself.', security: byClientSecret, errors: [401] }
}

/** The OpenAPI 3.1 document, made from the definitions that also check the requests. */
export function describeRoutes(routes: readonly Route[], issuer: string): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {}
  const add = (path: string, method: Route['method'], operation: ZodOpenApiOperationObject) => {
    const template = path.replaceAll(/:(\w+)/g, '{$1}')
    paths[template] = { ...paths[template], [method]: operation }
  }
  for (const route of routes) {
    add(route.path, route.method, describeRoute(route))
    if (route.formerPath) add(route.formerPath, route.method, { ...describeRoute(route), deprecated: true })
  }
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'Countersign auth-service', version: '1', description: 'Issues access tokens that can be revoked.' },
    servers: [{ url: issuer }],
    paths,
    components: {
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'at+jwt' },
        clientSecret: {
          type: 'http',
          scheme: 'basic',
          description: 'Or client_assertion in the form (private_key_jwt), or only client_id for a public client.'
        }
      }
    }
  })
}

const bodyTypes = {
  json: 'application/json',
  'optional-json': 'application/json',
  form: 'application/x-www-form-urlencoded',
  ndjson: ndjsonType
} as const

function responseTypeOf({ isEventStream, isLineStream }: Route['response']) {
  if (isEventStream) return 'text/event-stream'
  return isLineStream ? ndjsonType : 'application/json'
}

function describeRoute(route: Route): ZodOpenApiOperationObject {
  const { summary, access, params, query, body, bodyFormat = 'json', response } = route
  const mediaType = bodyTypes[bodyFormat]
  const responseType = responseTypeOf(response)
  const { text, security } = callers[access]
  return {
    summary,
    description: needsRecentSignIn(route) ? `${text} ${recentSignInText}` : text,
    ...(security && { security }),
    requestParams: { ...(params && { path: params }), ...(query && { query }) },
    ...(body && {
      requestBody: { required: bodyFormat !== 'optional-json', content: { [mediaType]: { schema: body } } }
    }),
    responses: {
      [response.status]: {
        description: response.status === 303 ? 'The browser is sent on.' : 'Done.',
        ...(response.schema && { content: { [responseType]: { schema: response.schema } } })
      },
      ...Object.fromEntries(
        errorsOf(route).map((status) => [
          status,
          { description: reasons[status], content: { 'application/json': { schema: errorBodyOf(route, status) } } }
        ])
      )
    }
  }
}

function errorBodyOf({ errorBodies }: Route, status: number): z.ZodType {
  const special = errorBodies?.[status]
  return special ? z.union([errorResponse, special]) : errorResponse
}

/** The statuses of the checks, and those of the handler. */
function errorsOf({ method, access, params, query, body, takesProof, limit, errors = [] }: Route): number[] {
  const isDocument = method === 'get' && access === 'public'
  const statuses = [
    ...(body || query || takesProof ? [400] : []),
    ...callers[access].errors,
    ...(params ? [404] : []),
    ...(body ? [413, 415] : []),
    ...(limit || !isDocument ? [503] : []),
    ...errors
  ]
  return [...new Set(statuses)].sort((one, other) => one - other)
}
