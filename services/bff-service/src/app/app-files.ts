import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { NotFoundError } from '@countersign/oauth'
import { respondNotModified, StartError } from '@countersign/service-kit'
import type { Context, Middleware } from 'koa'
import { isReader, serveFile } from '../pages/pages.ts'
import { joinCompressed, readFolder, type WebAsset } from '../pages/web-assets.ts'

interface AppFile extends WebAsset {
  readonly etag: string
}

const maxBytes = 256 * 1024 * 1024
/** Such as `index-C0ffee12.js`, which bundlers name by its content. */
const hashedName = /^(?:.*\/)?assets\/[^/]*-[\w-]{8,}\.\w+$/
const compressible = /\.(?:html?|js|mjs|css|svg|json|txt|xml|wasm|webmanifest|map)$/
const smallestCompressed = 1024

/**
 * Serves a built app from a folder. Paths without a file get its `index.html` when a person opens them, since the app has
 * routes of its own.
 * @throws {StartError} when the folder cannot be read, has no `index.html`, or is too large
 */
export async function createAppFiles(folder: string, contentSecurityPolicy: string): Promise<Middleware> {
  const files = await loadAppFiles(folder)
  return async function serveAppFile(ctx) {
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') throw new NotFoundError()
    const [name, file] = find(files, ctx)
    const isPage = name.endsWith('.html')
    ctx.set({
      ETag: file.etag,
      'Cache-Control': hashedName.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(isPage && { 'Content-Security-Policy': contentSecurityPolicy, 'Cross-Origin-Opener-Policy': 'same-origin' })
    })
    ctx.status = 200
    if (!respondNotModified(ctx)) serveFile(ctx, name, file)
  }
}

function find(files: ReadonlyMap<string, AppFile>, ctx: Context): [string, AppFile] {
  const path = decodedPath(ctx.path).slice(1).replace(/\/$/, '')
  const names = path === '' ? ['index.html'] : [path, `${path}.html`, `${path}/index.html`]
  const index = isReader(ctx) && !/(?:^|\/)\.|\.\w+$/.test(path) ? ['index.html'] : []
  for (const name of [...names, ...index]) {
    const file = files.get(name)
    if (file) return [name, file]
  }
  throw new NotFoundError()
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new NotFoundError()
  }
}

async function loadAppFiles(folder: string): Promise<Map<string, AppFile>> {
  const contents = await readFolder(folder).catch((cause) => {
    throw new StartError(`APP_DIR cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}.`)
  })
  // Such as `.env` or `.git`, which are never meant for browsers.
  for (const path of contents.keys()) if (/(?:^|\/)\.(?!well-known\/)/.test(path)) contents.delete(path)
  if (!contents.has('index.html')) throw new StartError('APP_DIR has no index.html: name the folder of the built app.')
  const bytes = [...contents.values()].reduce((sum, content) => sum + content.length, 0)
  if (bytes > maxBytes)
    throw new StartError(`APP_DIR has more than ${maxBytes / 1024 ** 2} MiB, which are kept in memory.`)
  const files = new Map<string, AppFile>()
  for (const [path, file] of joinCompressed(contents)) files.set(path, await prepare(path, file))
  return files
}

async function prepare(path: string, file: WebAsset): Promise<AppFile> {
  const etag = `"${createHash('sha256').update(file.identity).digest('base64url')}"`
  const hasGzip = file.gzip || !compressible.test(path) || file.identity.length < smallestCompressed
  return { ...file, etag, ...(!hasGzip && { gzip: await promisify(gzip)(file.identity) }) }
}
