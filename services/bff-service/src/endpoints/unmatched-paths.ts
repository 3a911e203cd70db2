import { isWebSocketRequest } from '@countersign/service-kit'
import type { Middleware } from 'koa'
import compose from 'koa-compose'
import type { App } from '../app/app.ts'
import { serveUnknownPage } from '../pages/pages.ts'
import type { WebAssets } from '../pages/web-assets.ts'
import type { Api } from '../proxy/apis.ts'
import { requireSameOrigin } from '../requests/require-same-origin.ts'

export interface UnmatchedDeps {
  readonly publicUrl: string
  readonly requireSite: Middleware
  readonly assets: WebAssets
  readonly pagesPath: string
  readonly apis: readonly Api[]
  readonly app: App | undefined
}

const ownPaths = ['/bff', '/account']

/** The paths that are never those of an API or an app. @param hasApp whether the pages leave the root to an app */
export function reservedPaths(pagesPath: string, hasApp: boolean): string[] {
  if (pagesPath !== '/') return [...ownPaths, pagesPath]
  return hasApp ? ownPaths : [...ownPaths, '/assets', '/admin', '/sign-in', '/register', '/authorize', '/sign-out']
}

/** What no route matches: the app's, if there is one; a page that says so, for a person; the error of a path that is unknown. */
export function respondToUnmatchedPath(deps: UnmatchedDeps): Middleware {
  const { publicUrl, requireSite, assets, pagesPath, apis, app } = deps
  const programs = [
    ...ownPaths,
    ...apis.map(({ prefix }) => prefix),
    pagesPath === '/' ? '/assets' : `${pagesPath}/assets`
  ]
  const servePage = serveUnknownPage(assets)
  const requireOwnSocket = requireSameOrigin(publicUrl)
  return compose([
    requireSite,
    async function respondToUnmatchedPath(ctx, next) {
      if (isBelow(ctx.path, programs)) return next()
      if (!app || isBelow(ctx.path, [pagesPath])) return servePage(ctx, next)
      return isWebSocketRequest(ctx) ? requireOwnSocket(ctx, () => app.serve(ctx, next)) : app.serve(ctx, next)
    }
  ])
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => folder === '/' || path === folder || path.startsWith(`${folder}/`))
}
