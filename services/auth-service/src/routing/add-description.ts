import { createHash } from 'node:crypto'
import { loadOnce, respondNotModified } from '@countersign/service-kit'
import type Router from '@koa/router'
import type { Middleware } from 'koa'
import { apiPageStyle } from './api-page-style.ts'
import type { Route } from './route.ts'

/**
 * Adds `GET /openapi.json`, which describes the routes, and `GET /docs`, which shows the same to people. Both are loaded
 * and made at the first request for them, so that they do not delay the start.
 */
export function addDescription(router: Router, routes: readonly Route[], issuer: string): void {
  const description = loadOnce(async () => (await import('./openapi.ts')).describeRoutes(routes, issuer))
  const json = loadOnce(async () => JSON.stringify(await description()))
  const page = loadOnce(async () => taggedPage((await import('./api-page.ts')).apiPage(await description())))
  router.get('/openapi.json', async (ctx) => {
    ctx.type = 'application/json'
    ctx.body = await json()
  })
  router.get('/docs', servePage(page))
}

/** The page may use its own style sheet, and nothing else. */
const pagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${digestOf(apiPageStyle, 'base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

function taggedPage(page: string) {
  return { page, etag: `"${digestOf(page, 'base64url')}"` }
}

function servePage(made: () => Promise<ReturnType<typeof taggedPage>>): Middleware {
  return async function serveApiPage(ctx) {
    const { page, etag } = await made()
    ctx.set({ 'Cache-Control': 'no-cache', 'Content-Security-Policy': pagePolicy, ETag: etag })
    ctx.status = 200
    if (respondNotModified(ctx)) return
    ctx.type = 'text/html; charset=utf-8'
    ctx.body = page
  }
}

function digestOf(text: string, encoding: 'base64' | 'base64url'): string {
  return createHash('sha256').update(text).digest(encoding)
}
