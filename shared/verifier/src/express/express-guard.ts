import type { NextFunction, Request, Response } from 'express'
import { guardOf } from '../guarded-request.ts'
import { type HttpResponse, jsonMediaType } from '../http-responses.ts'
import { headerValues, pathOf, queryOf } from '../presented-token.ts'
import type { RequestReader } from '../request-guard.ts'

/** Middleware that has nothing to say about the parameters of a route, so that Express' own types for them stay. */
export type AccessTokenMiddleware = <P, ResBody, ReqBody, ReqQuery, Locals extends Record<string, unknown>>(
  request: Request<P, ResBody, ReqBody, ReqQuery, Locals>,
  response: Response<ResBody, Locals>,
  next: NextFunction
) => void

/** Reads what Express 4 and 5 have in common, of the request as it was received. */
export const expressReader: RequestReader<Request> = {
  authorization: (request) => headerValues(request, 'authorization'),
  dpop: (request) => headerValues(request, 'dpop'),
  queryString: (request) => queryOf(request.originalUrl),
  form: (request) =>
    request.body !== undefined && request.is(['urlencoded', 'multipart']) ? (request.body as unknown) : undefined,
  method: (request) => request.method,
  url: (request) =>
    /^https?:\/\//i.test(request.originalUrl)
      ? request.originalUrl
      : `${request.protocol}://${hostOf(request)}${request.originalUrl}`,
  // Not `request.url`, of which a mounted router sees only its part.
  path: (request) => pathOf(request.originalUrl)
}

/** Express' judgment of an address. */
type TrustsProxy = (address: string | undefined, hop: number) => boolean

/** Host and port. `request.host` has no port in Express 4; `X-Forwarded-Host` counts where the app trusts its proxy. */
function hostOf(request: Request): string | undefined {
  const isTrusted = request.app?.get('trust proxy fn') as TrustsProxy | undefined
  const forwarded = request.get('X-Forwarded-Host')
  if (!forwarded || !isTrusted?.(request.socket?.remoteAddress, 0)) return request.get('Host')
  return forwarded.split(',', 1)[0]?.trim()
}

/** Answers what a check has thrown; what is no refusal goes to the app's error handler. */
export function refuse(request: Request, response: Response, next: NextFunction, error: unknown): void {
  const guard = guardOf(request)
  let answer: HttpResponse
  try {
    if (!guard) throw error
    answer = guard.refuse(request, error)
  } catch (fault) {
    next(fault)
    return
  }
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
  response.setHeader('Content-Type', jsonMediaType)
  // Not `response.json`, which adds an ETag and the app's spaces.
  response.end(JSON.stringify(answer.body))
}
