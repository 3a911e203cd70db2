import type { FastifyReply, FastifyRequest, RawServerBase, RouteGenericInterface } from 'fastify'
import { guardOf } from '../guarded-request.ts'
import { type HttpResponse, jsonMediaType } from '../http-responses.ts'
import { headerValues, pathOf, queryOf } from '../presented-token.ts'
import type { RequestReader } from '../request-guard.ts'

/** A request of any kind of server: HTTP, HTTPS or HTTP/2. */
export type AnyRequest = FastifyRequest<RouteGenericInterface, RawServerBase>
/** Its reply. */
export type AnyReply = FastifyReply<RouteGenericInterface, RawServerBase>
/** What tells Fastify that a hook is done. */
export type HookDone = (error?: Error) => void

/** A hook that fits `onRequest`, and the later `preValidation` and `preHandler`, of a scope and of a route. */
export type AccessTokenHook = (request: AnyRequest, reply: AnyReply, done: HookDone) => void

/** Reads the request as it was received. */
export const fastifyReader: RequestReader<AnyRequest> = {
  authorization: ({ raw }) => headerValues(raw, 'authorization'),
  dpop: ({ raw }) => headerValues(raw, 'dpop'),
  queryString: ({ originalUrl }) => queryOf(originalUrl),
  // There is one only in hooks behind the parsing of the body.
  form({ body, headers }) {
    const type = body ? headers['content-type'] : undefined
    return /^(?:application\/x-www-form-urlencoded|multipart\/)/i.test(type ?? '') ? body : undefined
  },
  method: ({ method }) => method,
  url: ({ protocol, host, originalUrl }) =>
    /^https?:\/\//i.test(originalUrl) ? originalUrl : `${protocol}://${host}${originalUrl}`,
  path: ({ originalUrl }) => pathOf(originalUrl)
}

/** Answers what a check has thrown; what is no refusal goes to the app's error handler. */
export function refuse(request: AnyRequest, reply: AnyReply, done: HookDone, error: unknown): void {
  const guard = guardOf(request)
  let answer: HttpResponse
  try {
    if (!guard) throw error
    answer = guard.refuse(request, error)
  } catch (fault) {
    done(fault as Error)
    return
  }
  // As text, since a schema of the route for this status must not change it.
  void reply
    .code(answer.status)
    .headers({ ...answer.headers, 'Content-Type': jsonMediaType })
    .send(JSON.stringify(answer.body))
}
