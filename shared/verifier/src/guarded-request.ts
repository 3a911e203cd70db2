import type { RequestGuard } from './request-guard.ts'

const guardOfRequest = Symbol('countersign.guard')

/** Leaves the guard to the checks behind it, which refuse by its options. */
export function setGuard<R extends object>(request: R, guard: RequestGuard<R>): void {
  ;(request as { [guardOfRequest]?: RequestGuard<R> })[guardOfRequest] = guard
}

/** The guard that let this request in, or is about to refuse it. */
export function guardOf<R extends object>(request: R): RequestGuard<R> | undefined {
  return (request as { [guardOfRequest]?: RequestGuard<R> })[guardOfRequest]
}
