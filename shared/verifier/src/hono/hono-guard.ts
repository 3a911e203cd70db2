import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { VerifiedAccessToken } from '../access-token-claims.ts'
import { guardOf } from '../guarded-request.ts'
import { jsonMediaType } from '../http-responses.ts'
import { queryOf } from '../presented-token.ts'
import type { RequestReader } from '../request-guard.ts'

/** What `requireAccessToken` leaves in the context: `c.get('accessToken')`. */
export interface AccessTokenVariables {
  /** The verified claims, deeply frozen. */
  accessToken: VerifiedAccessToken
}

/** An environment in which the claims are there. */
export interface AccessTokenEnv {
  /** What `c.get` and `c.var` know. */
  Variables: AccessTokenVariables
}

/**
 * Reads the Fetch request, the same on every runtime. Not the raw request of a Node server, which an app that passes a request
 * of its own on to `app.fetch` hands on along with the rest of the environment.
 */
export const honoReader: RequestReader<Context> = {
  // Several headers arrive joined. A comma before a scheme of ours can be nothing else: no token has one.
  authorization: (c) => c.req.raw.headers.get('authorization')?.split(/, *(?=(?:bearer|dpop)(?:[ ,]|$))/i) ?? [],
  dpop: (c) => c.req.raw.headers.get('dpop')?.split(/, */) ?? [],
  queryString: (c) => queryOf(c.req.url),
  // The body is read by the handler, behind this.
  form: () => undefined,
  method: (c) => c.req.method,
  url: (c) => c.req.url,
  path: (c) => new URL(c.req.url).pathname
}

/** Answers what a check has thrown. @throws what is no refusal, for the app's `onError` */
export function refuse(c: Context, error: unknown): Response {
  const guard = guardOf(c)
  if (!guard) throw error
  const { status, headers, body } = guard.refuse(c, error)
  return c.newResponse(JSON.stringify(body), status as ContentfulStatusCode, {
    ...headers,
    'Content-Type': jsonMediaType
  })
}
