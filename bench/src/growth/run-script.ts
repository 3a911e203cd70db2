import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Runs a script of this folder with a size, in a separate process, and reads the JSON that it prints. */
export async function runScript<T>(file: string, size: number): Promise<T> {
  const script = fileURLToPath(new URL(file, import.meta.url))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', '--max-old-space-size=4096', script, String(size)],
    { timeout: 120_000 }
  )
  return JSON.parse(stdout) as T
}
