import Router, { type MatchResult } from '@koa/router'

/**
 * Remembers the routes of each path that has no parameters. @koa/router tries all its routes for each request, so that each new one
 * would cost all others time. All routes have to be there before the first request.
 */
export class RememberingRouter extends Router {
  // As large as there are such routes: their paths are the only ones that match, each with or without a slash at the end.
  readonly #found = new Map<string, MatchResult>()

  override match(path: string, method: string): MatchResult {
    const key = `${method} ${path}`
    const known = this.#found.get(key)
    if (known) return known
    const found = super.match(path, method)
    if (found.route && found.path.every(({ paramNames }) => paramNames.length === 0)) this.#found.set(key, found)
    return found
  }
}
