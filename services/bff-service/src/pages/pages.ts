import { createHash, randomBytes } from 'node:crypto'
import { extname } from 'node:path'
import { NotFoundError } from '@countersign/oauth'
import { respondNotModified } from '@countersign/service-kit'
import type { Context, Middleware } from 'koa'
import { noncePlaceholder, type WebAsset, type WebAssets } from './web-assets.ts'

/** The routes of the pages, below the path that they stand under. Others get the same page, which says so, with 404. */
const routesOfPages = [
  '',
  '/sign-in',
  '/sign-in/mail',
  '/register',
  '/forgot-password',
  '/reset-password',
  '/verify-email',
  '/change-email',
  '/undo-email',
  '/account-deletion',
  '/accept-invitation',
  '/authorize/error',
  '/sign-out',
  '/admin',
  '/admin/{*path}'
]

/** Where the issuer sends a browser to sign in to an app, below the path of the pages. */
export const authorizePath = '/authorize'

/** @param pagesPath `/`, or a path without a slash at its end */
export function pagePaths(pagesPath: string): string[] {
  if (pagesPath === '/') return routesOfPages.map((path) => path || '/')
  return [...routesOfPages.map((path) => pagesPath + path), `${pagesPath}/`]
}

const ownImages = "'self' data:"
/** The page on which an app asks for a sign-in shows the logo of that app, which is at the app's own address. */
const imagesWithLogos = `${ownImages} https:`

export const serveAuthorizePage = (assets: WebAssets) => servePage(assets, imagesWithLogos)

/** Sends the page. Its style elements are allowed by a nonce that is new each time; scripts come only from files. */
export function servePage({ page }: WebAssets, images = ownImages): Middleware {
  const parts = page.split(noncePlaceholder)
  return async function servePage(ctx) {
    const nonce = randomBytes(16).toString('base64')
    ctx.set({
      'Content-Security-Policy': policy(nonce, images),
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
      'X-Frame-Options': 'DENY',
      'Cache-Control': 'no-store'
    })
    ctx.type = 'html'
    ctx.body = parts.join(nonce)
  }
}

/** A browser gets the page for an unknown path; a program gets the error that it expects. */
export function serveUnknownPage(assets: WebAssets): Middleware {
  const response = servePage(assets)
  return async function serveUnknownPage(ctx, next) {
    if (!isReader(ctx)) return next()
    await response(ctx, next)
    ctx.status = 404
  }
}

/** Whether a person reads the response. */
export function isReader(ctx: Context): boolean {
  return ctx.method === 'GET' && ctx.accepts('json', 'html') === 'html'
}

/** `GET /assets/:name`: a name contains the hash of its content, so browsers may cache it forever. */
export function serveAsset({ files }: WebAssets): Middleware {
  return async function serveAsset(ctx) {
    const file = files.get(`assets/${ctx.params.name}`)
    if (!file) throw new NotFoundError()
    ctx.set({ 'Cache-Control': 'public, max-age=31536000, immutable', 'Content-Security-Policy': assetPolicy })
    serveFile(ctx, ctx.params.name, file)
  }
}

/** A file whose name stays the same, such as an icon. */
export function serveRootFile(name: string, file: WebAsset): Middleware {
  const etag = `"${createHash('sha256').update(file.identity).digest('base64url')}"`
  return async function serveRootFile(ctx) {
    ctx.set({ 'Cache-Control': 'public, max-age=3600', ETag: etag })
    ctx.status = 200
    if (!respondNotModified(ctx)) serveFile(ctx, name, file)
  }
}

/** Sends a file in the form that the browser prefers. */
export function serveFile(ctx: Context, name: string, { identity, br, gzip }: WebAsset): void {
  ctx.set('Cross-Origin-Resource-Policy', 'same-origin')
  ctx.vary('Accept-Encoding')
  const encoding = ctx.acceptsEncodings('br', 'gzip', 'identity')
  const compressed = encoding === 'br' ? br : encoding === 'gzip' ? gzip : undefined
  ctx.type = extname(name)
  if (compressed) ctx.set('Content-Encoding', encoding as string)
  ctx.body = compressed ?? identity
}

/** A logo that is opened by itself runs no script. */
const assetPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

function policy(nonce: string, images: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src ${images}`,
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'"
  ].join('; ')
}
