import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The paths of all files in a folder and the folders in it, but for those whose own name is left out. */
export function filesIn(folder: string, leftOut: RegExp): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !leftOut.test(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesIn(path, leftOut) : entry.isFile() ? [path] : []
    })
}
