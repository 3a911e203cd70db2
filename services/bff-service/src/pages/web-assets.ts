import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartError } from '@countersign/service-kit'
import type { Branding } from './branding.ts'

/** A file of the pages, uncompressed and compressed. */
export interface WebAsset {
  readonly identity: Buffer
  readonly br?: Buffer
  readonly gzip?: Buffer
}

/** Files by their paths below the root. */
export type WebFiles = ReadonlyMap<string, WebAsset>

/** The output of Vite. */
export interface WebAssets {
  /** The one page of all routes, with {@link noncePlaceholder} where a nonce belongs. */
  readonly page: string
  /** Those below `assets/` have the hash of their content in their names. */
  readonly files: WebFiles
}

export const noncePlaceholder = '__CSP_NONCE__'

/**
 * Reads the built pages for the path that they stand under.
 * @throws {StartError} when they are missing
 */
export async function loadWebAssets(folder: URL, pagesPath: string, branding: Branding): Promise<WebAssets> {
  const contents = await readFolder(fileURLToPath(folder)).catch(() => {
    throw new StartError('The pages are not built: run "npm run build" first.')
  })
  const page = contents.get('index.html')
  if (!page) throw new StartError('The pages are not built whole: run "npm run build" again.')
  contents.delete('index.html')
  const base = pagesPath === '/' ? '/' : `${pagesPath}/`
  const { productName, primaryColor = '', logo } = branding
  if (logo) contents.set(`assets/${logo.name}`, logo.content)
  const values: Record<string, string> = {
    PAGES_PATH: pagesPath,
    PRODUCT_NAME: escapeHtml(productName),
    PRIMARY_COLOR: primaryColor,
    LOGO: logo ? `${base}assets/${logo.name}` : ''
  }
  const text = page
    .toString()
    .replaceAll('"./', `"${base}`)
    .replaceAll(/__(PAGES_PATH|PRODUCT_NAME|PRIMARY_COLOR|LOGO)__/g, (_, name: string) => values[name] as string)
  return { page: text, files: joinCompressed(contents) }
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

/** Reads everything into memory, so that a request's path is looked up and never opened. Names are separated by `/`. */
export async function readFolder(root: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const contents = new Map<string, Buffer>()
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const file = join(entry.parentPath, entry.name)
    contents.set(relative(root, file).replaceAll(sep, '/'), await readFile(file))
  }
  return contents
}

/** Joins each file with its compressed forms, `.br` and `.gz`. */
export function joinCompressed(contents: ReadonlyMap<string, Buffer>): Map<string, WebAsset> {
  const files = new Map<string, WebAsset>()
  for (const [path, identity] of contents) {
    if (/\.(?:br|gz)$/.test(path) && contents.has(path.slice(0, path.lastIndexOf('.')))) continue
    const [br, gzip] = [contents.get(`${path}.br`), contents.get(`${path}.gz`)]
    files.set(path, { identity, ...(br && { br }), ...(gzip && { gzip }) })
  }
  return files
}
