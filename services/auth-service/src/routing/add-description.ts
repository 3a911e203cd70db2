import type Router from '@koa/router'
import { describeRoutes } from './openapi.ts'
import type { Route } from './route.ts'

/** Adds `GET /openapi.json`, which describes the routes. */
export function addDescription(router: Router, routes: readonly Route[], issuer: string): void {
  const description = JSON.stringify(describeRoutes(routes, issuer))
  router.get('/openapi.json', (ctx) => {
    ctx.type = 'application/json'
    ctx.body = description
  })
}
