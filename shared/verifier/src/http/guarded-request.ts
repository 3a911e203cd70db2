import type { VerifiedAccessToken } from '../token/claims.ts'
import { continueWith } from '../token/continue-with.ts'
import type { RequestGuard } from './request-guard.ts'
import type { HttpResponse } from './responses.ts'

const guardOfRequest = Symbol('countersign.guard')

interface GuardedRequest<R> {
  [guardOfRequest]?: RequestGuard<R>
}

/**
 * Lets a request of a framework in, or refuses it. Does so in this very tick when the verifier has nothing to wait for. What
 * `pass` throws comes from the app behind it, and is left alone.
 */
export function letIn<R extends object, T>(
  guard: RequestGuard<R>,
  request: R,
  pass: (claims: VerifiedAccessToken) => T,
  refuse: (error: unknown) => T
): T | Promise<T> {
  // The checks behind this one refuse by the options of its guard.
  ;(request as GuardedRequest<R>)[guardOfRequest] = guard
  let claims: VerifiedAccessToken | Promise<VerifiedAccessToken>
  try {
    claims = guard.admit(request)
  } catch (error) {
    return refuse(error)
  }
  return continueWith(claims, pass, refuse)
}

/**
 * The response to a request that is refused.
 *
 * @throws `error` itself, when it is no `VerifierError`, or no guard came before.
 */
export function refusalOf<R extends object>(request: R, error: unknown): HttpResponse {
  const guard = (request as GuardedRequest<R>)[guardOfRequest]
  if (!guard) throw error
  return guard.refuse(request, error)
}
