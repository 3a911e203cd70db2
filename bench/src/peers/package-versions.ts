import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** The installed versions of packages, by their names. Not every package exports its package.json. */
export function packageVersions(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, versionOf(name)]))
}

function versionOf(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version: string }).version
    } catch {} // looks on in the folder above
  }
  throw new Error(`${name} is not installed at ${dirname(import.meta.url)}`)
}
