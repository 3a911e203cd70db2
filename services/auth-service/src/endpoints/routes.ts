import type Router from '@koa/router'
import { type AccountRouteDeps, accountRoutes } from './account-routes.ts'
import { type AdminRouteDeps, adminRoutes } from './admin-routes.ts'
import { type OAuthRouteDeps, oauthRoutes } from './oauth-routes.ts'
import { describeRoutes } from './openapi.ts'

/** What every route needs, by who uses it. */
export interface RouteDeps {
  issuer: string
  account: AccountRouteDeps
  admin: AdminRouteDeps
  oauth: OAuthRouteDeps
}

/** Adds every route but health and metrics, which the service kit adds, and `/openapi.json`, which describes them. */
export function addRoutes(router: Router, { issuer, account, admin, oauth }: RouteDeps): void {
  const routes = [...accountRoutes(account), ...adminRoutes(admin), ...oauthRoutes(oauth)]
  for (const { method, path, handlers } of routes) router[method](path, ...handlers)
  const description = JSON.stringify(describeRoutes(routes, issuer))
  router.get('/openapi.json', (ctx) => {
    ctx.type = 'application/json'
    ctx.body = description
  })
}
