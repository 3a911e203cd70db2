import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartError } from '@countersign/service-kit'

/** A file of the pages, uncompressed and compressed. */
export interface WebAsset {
  readonly identity: Buffer
  readonly br?: Buffer
  readonly gzip?: Buffer
}

/** The output of Vite. */
export interface WebAssets {
  /** The one page of all routes, with {@link noncePlaceholder} where a nonce belongs. */
  readonly page: string
  /** By their paths below the root; those below `assets/` have the hash of their content in their names. */
  readonly files: ReadonlyMap<string, WebAsset>
}

export const noncePlaceholder = '__CSP_NONCE__'

/** Reads everything into memory, so that a request's path is looked up and never opened. @throws {StartError} when it is missing */
export async function loadWebAssets(folder: URL): Promise<WebAssets> {
  const root = fileURLToPath(folder)
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => {
    throw new StartError('The pages are not built: run "npm run build" first.')
  })
  const contents = new Map<string, Buffer>()
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const file = join(entry.parentPath, entry.name)
    contents.set(relative(root, file).replaceAll(sep, '/'), await readFile(file))
  }
  const page = contents.get('index.html')
  if (!page) throw new StartError('The pages are not built whole: run "npm run build" again.')
  const files = new Map<string, WebAsset>()
  for (const [path, identity] of contents) {
    if (path === 'index.html' || /\.(?:br|gz)$/.test(path)) continue
    const [br, gzip] = [contents.get(`${path}.br`), contents.get(`${path}.gz`)]
    files.set(path, { identity, ...(br && { br }), ...(gzip && { gzip }) })
  }
  return { page: page.toString(), files }
}
